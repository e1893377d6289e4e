// The connection to the server: a websocket that comes back after a loss, or, where websockets are blocked, the page's own script.

const FIRST_WAIT = 400
const LONGEST_WAIT = 8000
const OPENING = 5000
const MOMENT = 50
const TRIES = 2
const QUIET = 5000 // without a word while some are expected: then the server is asked
const DEAD = 10_000 // likewise: then the connection is lost, though nobody has said so

// A function of one message that passes on a moment's messages together: the page's script runs once for them.
export function gathered(pass) {
  const waiting = []
  return message => {
    if (!waiting.length) setTimeout(() => pass(waiting.splice(0)), MOMENT)
    waiting.push(message)
  }
}

export class Link {
  // hears: {message(object), open(again: after a loss), lost(), blocked(), waits(): whether words are expected, ask(): for one}
  constructor(url, hears) {
    this.url = url
    this.hears = hears
    this.wait = FIRST_WAIT
    this.failures = 0
    this.everOpen = false
    this.relay = null // {name, send(message)} where the page carries the messages
    this.seen = 0
    this.waiting = []
    this.looking = setInterval(() => this.look(), QUIET / 2)
  }

  connect() {
    const socket = (this.socket = new WebSocket(this.url))
    const giveUp = setTimeout(() => socket.close(), OPENING)
    socket.onopen = () => {
      clearTimeout(giveUp)
      const again = this.everOpen
      this.everOpen = true
      this.wait = FIRST_WAIT
      this.heard = performance.now()
      this.hears.open(again)
      this.waiting.splice(0).forEach(message => this.send(message))
    }
    socket.onmessage = event => {
      this.heard = performance.now()
      this.hears.message(JSON.parse(event.data))
    }
    socket.onclose = () => {
      clearTimeout(giveUp)
      if (this.socket === socket) this.lost()
    }
  }

  lost() {
    this.socket = null
    this.failures += 1
    if (!this.everOpen && this.failures >= TRIES) return this.hears.blocked()
    if (this.everOpen) this.hears.lost()
    this.timer = setTimeout(() => this.connect(), this.wait * (0.75 + Math.random() / 2))
    this.wait = Math.min(2 * this.wait, LONGEST_WAIT)
  }

  // A network that is gone without a word, as when a laptop changes its place, closes no socket.
  look() {
    if (this.socket?.readyState !== WebSocket.OPEN) return
    if (!this.hears.waits()) this.heard = performance.now()
    const quiet = performance.now() - this.heard
    if (quiet > DEAD) this.drop()
    else if (quiet > QUIET) this.hears.ask()
  }

  drop() {
    const socket = this.socket
    socket.onclose = socket.onmessage = null
    socket.close()
    this.lost()
  }

  get isOpen() {
    return this.relay !== null || this.socket?.readyState === WebSocket.OPEN
  }

  // A message that is sent before the connection stands waits for it; after a loss it is of no use any more.
  send(message) {
    if (this.relay) this.relay.send(message)
    else if (this.isOpen) this.socket.send(JSON.stringify(message))
    else if (!this.everOpen) this.waiting.push(message)
  }

  // From now on messages go up by `send(message)` and come down by `mail`. A restarted server's relay has another name: it knows
  // nothing yet, and counts its letters anew.
  goBy(name, send) {
    if (this.relay?.name === name) return
    const again = this.relay !== null
    this.relay = { name, send }
    this.seen = 0
    this.close()
    this.hears.open(again)
    this.waiting.splice(0).forEach(message => send(message))
  }

  // mail: [[number, text], …]; a letter is read once, however often it comes.
  mail(letters) {
    for (const [number, text] of letters) {
      if (number <= this.seen) continue
      this.seen = number
      this.hears.message(JSON.parse(text))
    }
  }

  close() {
    clearTimeout(this.timer)
    clearInterval(this.looking)
    const socket = this.socket
    this.socket = null
    socket?.close()
  }
}

// A stored recording as one delta; null where there is none.
export async function fetchRecording(key) {
  const answer = await fetch(new URL(`../recording/${key}`, import.meta.url))
  return answer.ok ? answer.json() : null
}
