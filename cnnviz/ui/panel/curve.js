// A curve that is drawn: a stroke of mouse, finger or pen sets the heights that it passes, the arrow keys that of one point. Charts
// follow the hand at once; the page's script is told when the pointer lifts or the keys rest.

import { element, setText } from './charts.js'
import { hold, letGo } from './hand.js'
import { numberText } from './numbers.js'
import { Stroke } from './stroke.js'

const WIDTH = 228 // of the drawing, in its own units: pixels beside a chart, more on a phone
const HEIGHT = 182
const BOX = { left: 22, right: 216, top: 20, bottom: 144 } // points stand 24 apart, as wide as what the keyboard is on
const REST = 500 // ms without a key after which the page is told
const SHARE = 100 // of 1: what heights are rounded to
const RISES = { ArrowUp: 0.05, ArrowDown: -0.05, PageUp: 0.25, PageDown: -0.25 }
const STEPS = { ArrowLeft: -1, ArrowRight: 1 }

let serial = 0
const curves = new WeakMap() // by the place that they are drawn in

export function mount(component) {
  const { parentElement: place } = component
  const curve = curves.get(place) ?? new Curve(component.data)
  curves.set(place, curve)
  curve.move(place)
  curve.update(component)
  return () => {
    curves.delete(place)
    curve.close()
  }
}

class Curve {
  constructor(data) {
    this.setting = data.setting
    this.low = data.low
    this.high = data.high
    this.told = [] // what the page was told and has not answered
    this.stroke = null
    this.resting = null
    this.build(data)
  }

  build({ setting, label, how, places, colours }) {
    const id = `cnnviz-curve-${setting}`
    this.root = element('div', 'cnnviz-curve', { role: 'group', 'aria-labelledby': id, 'aria-describedby': `${id}-how` })
    const title = element('div', 'cnnviz-curve-title', { id })
    this.value = element('div', 'cnnviz-curve-value', { 'aria-hidden': true })
    const top = element('div', 'cnnviz-curve-top')
    const words = element('p', 'cnnviz-curve-how', { id: `${id}-how` })
    this.pad = element('div', 'cnnviz-curve-pad')
    setText(title, label)
    setText(words, how)
    this.pad.innerHTML = picture(colours)
    this.lines = this.pad.querySelectorAll('.cnnviz-curve-line')
    this.names = places.map(place => `x = ${place}`)
    this.points = this.names.map((name, place) => this.point(name, place, places.length))
    top.append(title, this.value)
    this.pad.append(...this.points)
    this.root.append(top, this.pad, words)
    this.listen()
  }

  point(name, place, count) {
    const range = { 'aria-valuemin': this.low, 'aria-valuemax': this.high, 'aria-orientation': 'vertical' }
    const point = element('div', 'cnnviz-curve-point', { role: 'slider', tabindex: 0, 'aria-label': `Height at ${name}`, ...range })
    point.style.left = `${(100 * across(place, count)) / WIDTH}%`
    point.onkeydown = event => this.press(event, place)
    point.onfocus = () => this.say(place)
    point.onblur = () => this.leave()
    return point
  }

  listen() {
    this.pad.onmousedown = event => event.preventDefault() // the point that is nearest has the focus
    this.pad.onpointerdown = event => this.begin(event)
    this.pad.onpointermove = event => this.stroke && this.follow(event)
    this.pad.onpointerup = this.pad.onpointercancel = () => this.end()
  }

  // The place may be the same and what is in it new.
  move(place) {
    const home = place.querySelector('.cnnviz-place')
    if (this.root.parentElement !== home) home.replaceChildren(this.root)
  }

  // What the page says is what counts, unless a hand has gone on since: then it has still to hear of it.
  update({ data, setStateValue }) {
    this.tellPage = setStateValue
    const place = this.told.indexOf(data.heights.join())
    this.told.splice(0, place + 1)
    if (this.stroke || this.resting || (place >= 0 && this.told.length)) return
    this.known = data.heights.join()
    this.show(data.heights)
  }

  show(heights) {
    this.heights = heights
    this.points.forEach((point, place) => {
      const text = numberText(heights[place])
      point.style.top = `${(100 * this.down(heights[place])) / HEIGHT}%`
      point.setAttribute('aria-valuenow', heights[place])
      point.setAttribute('aria-valuetext', text)
    })
    const line = heights.map((height, place) => `${across(place, heights.length)},${this.down(height)}`).join(' ')
    this.lines.forEach(each => each.setAttribute('points', line))
    hold(this.setting, heights)
  }

  down(height) {
    return BOX.top + ((this.high - height) / (this.high - this.low)) * (BOX.bottom - BOX.top)
  }

  // By hand

  begin(event) {
    if (this.stroke || event.button !== 0) return
    this.pad.setPointerCapture(event.pointerId)
    this.pointer = event.pointerId
    this.stroke = new Stroke()
    this.follow(event)
  }

  follow(event) {
    if (event.pointerId !== this.pointer) return
    const moves = event.getCoalescedEvents?.() ?? []
    const box = this.pad.getBoundingClientRect()
    let heights = this.heights
    for (const move of moves.length ? moves : [event]) heights = this.stroke.to(heights, this.placeOf(move, box))
    this.change(heights)
    this.focus(Math.round(this.placeOf(event, box).place), { focusVisible: false })
  }

  placeOf({ clientX, clientY }, box) {
    const x = ((clientX - box.left) / box.width) * WIDTH
    const y = ((clientY - box.top) / box.height) * HEIGHT
    const place = ((x - BOX.left) / (BOX.right - BOX.left)) * (this.points.length - 1)
    const height = this.high - ((y - BOX.top) / (BOX.bottom - BOX.top)) * (this.high - this.low)
    return { place: within(0, place, this.points.length - 1), height: within(this.low, height, this.high) }
  }

  end() {
    this.stroke = null
    this.tell()
  }

  // By keys

  press(event, place) {
    const { key } = event
    if (event.altKey || event.ctrlKey || event.metaKey || this.stroke) return
    const height = { Home: this.low, End: this.high }[key] ?? (key in RISES ? this.heights[place] + RISES[key] : null)
    if (height === null && !(key in STEPS)) return
    event.preventDefault()
    if (height === null) return this.focus(within(0, place + STEPS[key], this.points.length - 1))
    this.change(this.heights.map((before, other) => (other === place ? height : before)))
    this.say(place)
  }

  leave() {
    this.value.textContent = ''
    if (this.resting) this.tell()
  }

  focus(place, seen) {
    if (this.points[place] === document.activeElement) this.say(place)
    else this.points[place].focus({ preventScroll: true, ...seen })
  }

  say(place) {
    setText(this.value, `${numberText(this.heights[place])} at ${this.names[place]}`)
  }

  change(heights) {
    this.show(heights.map(height => within(this.low, Math.round(height * SHARE) / SHARE, this.high) + 0))
    if (this.stroke) return // its end is told: a script run in its midst would make the chart wait
    clearTimeout(this.resting)
    this.resting = setTimeout(() => this.tell(), REST)
  }

  // Each time is another one: a curve that was drawn, left by Reset and drawn again is news.
  tell() {
    clearTimeout(this.resting)
    this.resting = null
    const heights = this.heights.join()
    if (heights === this.known) return
    this.known = heights
    this.told.push(heights)
    this.tellPage('drawn', { at: ++serial, heights: this.heights })
  }

  close() {
    clearTimeout(this.resting)
    letGo(this.setting)
  }
}

const within = (low, value, high) => Math.min(Math.max(value, low), high)

const across = (place, count) => BOX.left + (place / (count - 1)) * (BOX.right - BOX.left)

// Axes with their words, and the curve as wide and pale as a chart's target: once in each variant's colour, as there.
function picture(colours) {
  const { left, right, top, bottom } = BOX
  const [middle, level] = [(left + right) / 2, (top + bottom) / 2]
  const grid = [top, level, bottom].map(y => `M${left} ${y}H${right}`).join('') + [left, middle, right].map(x => `M${x} ${top}V${bottom}`).join('')
  const side = [['1', top], ['0', level], ['−1', bottom]].map(([text, y]) => `<text x="${left - 6}" y="${y + 4}" text-anchor="end">${text}</text>`)
  const foot = [['−1', left], ['0', middle], ['1', right]].map(([text, x]) => `<text x="${x}" y="${bottom + 20}" text-anchor="middle">${text}</text>`)
  const titles = `<text x="0" y="10">Height y</text><text x="${middle}" y="${bottom + 35}" text-anchor="middle">Input x</text>`
  const pale = colours.map(colour => `<polyline class="cnnviz-curve-line cnnviz-curve-pale" stroke="${colour}"/>`)
  const lines = [...pale, '<polyline class="cnnviz-curve-line" stroke="currentColor"/>'].join('')
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" aria-hidden="true"><path d="${grid}"/>${side.join('')}${foot.join('')}${titles}${lines}</svg>`
}
