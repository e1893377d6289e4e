// Sliders in the learner's hand: an instant panel asks for what they lead to at once, and the page is told once its picture stands.

const ANSWER_WITHIN = 400 // ms that a picture is waited for before the next place is asked for, or the page is told
const REST = 120 // ms without a move after which the page may be told: its script takes the time that drawing needs
const BEFORE = 500 // ms after which sliders are looked at that were moved before there was a panel

export class Follower {
  // sliders(): by CSS class [setting, stops or null, the place that the page knows]; ask({name, value}): sends the question;
  // tell(): has the page's script run, which these sliders leave to us
  constructor(sliders, ask, tell) {
    this.sliders = sliders
    this.ask = ask
    this.tell = tell
    this.place = null // the newest that has not been asked for
    this.waiting = null
    this.resting = null
    this.held = false
    this.moved = false // since the page was told
    this.moves = new MutationObserver(changes => changes.forEach(({ target }) => this.follow(target)))
    this.moves.observe(document.body, { subtree: true, attributeFilter: ['value'] })
    this.hand = new AbortController()
    const hears = { capture: true, signal: this.hand.signal }
    window.addEventListener('pointerdown', ({ target }) => this.press(target), hears)
    for (const end of ['pointerup', 'pointercancel']) window.addEventListener(end, () => this.letGo(), hears)
    this.before = setTimeout(() => this.compare(), BEFORE)
  }

  follow(input) {
    if (input !== document.activeElement || input.type !== 'range') return
    const known = this.sliders()
    const place = [...(input.closest('[class*="st-key-"]')?.classList ?? [])].find(name => name in known)
    if (!place) return
    const [name, stops] = known[place]
    this.place = { name, value: stops ? stops[+input.value] : +input.value }
    this.moved = true
    this.send()
  }

  // One at a time: while an answer is awaited, only the newest place of the slider is kept.
  send() {
    clearTimeout(this.resting)
    if (this.waiting) return
    if (!this.place) return this.rest()
    this.waiting = setTimeout(() => this.answered(), ANSWER_WITHIN)
    const { place } = this
    this.place = null
    this.ask(place)
  }

  answered() {
    clearTimeout(this.waiting)
    this.waiting = null
    this.send()
  }

  // A hand on anything but a slider, such as Train, means the places as they are: the page is told before the click.
  press(target) {
    this.held = !!target.closest?.('.stSlider')
    if (this.held || !this.moved) return
    clearTimeout(this.resting)
    this.pass()
  }

  // The last place does not wait for the answer about one before it.
  letGo() {
    this.held = false
    if (this.place) this.answered()
    else this.send()
  }

  rest() {
    if (this.moved && !this.held) this.resting = setTimeout(() => this.pass(), REST)
  }

  pass() {
    this.moved = false
    this.tell()
  }

  compare() {
    for (const [place, [, , known]] of Object.entries(this.sliders())) {
      const input = document.querySelector(`.${place} input[type=range]`)
      if (input && Math.abs(input.value - known) > input.step / 2) this.moved = true
    }
    this.send()
  }

  close() {
    this.moves.disconnect()
    this.hand.abort()
    for (const timer of [this.waiting, this.resting, this.before]) clearTimeout(timer)
  }
}
