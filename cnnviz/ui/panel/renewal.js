// A restarted server counts a page's offers anew, under another name, and does not know the page before its script has run again.

const EVERY = 2000 // ms between two requests: the page's own connection may come back later than the panel's

export const digestOf = data => data.offer.split('.')[1]
export const ofOnePage = (one, other) => one.offer.split('.')[0] === other.offer.split('.')[0]
export const offersTheSame = (one, other) => digestOf(one) === digestOf(other) && JSON.stringify(one.stored) === JSON.stringify(other.stored)

export class Renewal {
  // request(): asks for the page's script to be run
  constructor(request) {
    this.request = request
    this.pressed = null
  }

  // pressed: what is to follow once the script has run
  ask(pressed = null) {
    this.pressed = pressed ?? this.pressed
    if (this.timer) return
    this.request()
    this.timer = setInterval(this.request, EVERY)
  }

  // The script has run.
  came() {
    clearInterval(this.timer)
    this.timer = null
  }

  // What was pressed, once.
  take() {
    const { pressed } = this
    this.pressed = null
    return pressed
  }
}
