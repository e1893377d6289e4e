// A stroke across a curve of points at even distances: what heights it leaves behind.

const ON = 0.2 // distance from a point, in distances between points, within which the pointer is on it

export class Stroke {
  // heights: the curve's; at: {place, height} of the pointer, where place 0 is the first point. Returns the heights after it.
  to(heights, at) {
    const from = this.at ?? at
    this.at = at
    const after = [...heights]
    const [left, right] = [from.place, at.place].sort((one, other) => one - other)
    for (let place = Math.ceil(left); place <= right; place += 1) after[place] = between(from, at, place)
    const near = Math.round(at.place)
    const on = Math.abs(at.place - near) <= ON
    if (on) after[near] = at.height
    this.hold(after, near, (on && near === this.held) || (left <= this.held && this.held <= right))
    return after
  }

  // The point that was pressed follows the pointer up and down for as long as no other is nearer; then it takes back the height
  // at which the stroke passed it last, so that a stroke is where it was drawn.
  hold(after, near, passes) {
    if (this.held === undefined) Object.assign(this, { held: near, passed: this.at.height })
    if (this.held === null) return
    if (passes) this.passed = after[this.held]
    if (near === this.held) after[near] = this.at.height
    else [after[this.held], this.held] = [this.passed, null]
  }
}

function between(from, at, place) {
  if (from.place === at.place) return at.height
  return from.height + ((place - from.place) / (at.place - from.place)) * (at.height - from.height)
}
