// Sliders in the learner's hand: an instant panel asks for what the page will ask for once its script has run.

const ANSWER_WITHIN = 400 // ms that an answer is waited for before the next place is asked for

export class Follower {
  // sliders(): by CSS class [setting, stops or null]; ask({name, value}): sends the question
  constructor(sliders, ask) {
    this.sliders = sliders
    this.ask = ask
    this.place = null
    this.waiting = null
    this.moves = new MutationObserver(changes => changes.forEach(({ target }) => this.follow(target)))
    this.moves.observe(document.body, { subtree: true, attributeFilter: ['value'] })
  }

  follow(input) {
    if (input !== document.activeElement || input.type !== 'range') return
    const known = this.sliders()
    const place = [...(input.closest('[class*="st-key-"]')?.classList ?? [])].find(name => name in known)
    if (!place) return
    const [name, stops] = known[place]
    this.place = { name, value: stops ? stops[+input.value] : +input.value }
    this.send()
  }

  // One at a time: while an answer is awaited, only the newest place of the slider is kept.
  send() {
    if (!this.place || this.waiting) return
    this.waiting = setTimeout(() => this.answered(), ANSWER_WITHIN)
    this.ask(this.place)
    this.place = null
  }

  answered() {
    clearTimeout(this.waiting)
    this.waiting = null
    this.send()
  }

  close() {
    this.moves.disconnect()
    clearTimeout(this.waiting)
  }
}
