// The drawing of a network by keyboard: one block takes the focus, arrows lead to its neighbours, Enter picks it.

import { dress } from './access.js'

const KEYS = { ArrowUp: 'up', ArrowDown: 'down', ArrowLeft: 'left', ArrowRight: 'right', Home: 'first', End: 'last' }
const LOOK = 200 // ms from look to look at a page that a link opened
const RESTS = 10 // looks at which it has its height
let led = false // whether the link that opened the page was followed
const readers = new WeakMap()

// Called at every rerun of the page's script with new data; the function that it returns ends it.
export function mount(component) {
  const place = component.parentElement
  if (!readers.has(place)) readers.set(place, new Blocks())
  readers.get(place).update(component)
  return () => {
    readers.get(place)?.close()
    readers.delete(place)
  }
}

class Blocks {
  constructor() {
    this.at = 0 // the block that Tab leads to
    this.holds = false // whether the focus is in the drawing, or was when the drawing was put anew
    this.observer = new MutationObserver(() => this.soon())
    this.leave = event => { if (!event.target.closest?.('.cnnviz-block')) this.holds = false }
    for (const name of ['focusin', 'pointerdown']) document.addEventListener(name, this.leave)
  }

  // data: {frame, traces, words, moves, picked, linked}: the class of what holds the chart; the blocks of each trace of bars, by
  // number; for each block what it is, and where each key leads; which one is picked; whether a link led here
  update(component) {
    this.component = component
    const { frame, words, picked, linked } = component.data
    if (linked && !led) this.follow()
    else if (picked !== this.picked && this.picked !== undefined) this.goal = 'nearest'
    this.picked = picked
    if (words.join('\n') !== this.known) this.at = picked ?? 0
    this.known = words.join('\n')
    this.frame = document.querySelector(`.${frame}`)
    this.observer.disconnect()
    if (this.frame) this.observer.observe(this.frame, { childList: true, subtree: true })
    this.soon()
  }

  // Plotly draws in several goes.
  soon() {
    this.waiting ??= requestAnimationFrame(() => {
      this.waiting = null
      this.dress()
    })
  }

  dress() {
    const { traces, words, picked } = this.component.data
    this.blocks = []
    const groups = this.frame?.querySelectorAll('.barlayer .trace.bars') ?? []
    traces.forEach((places, number) => {
      const bars = groups[number]?.querySelectorAll('.point > path') ?? []
      places.forEach((place, index) => { if (bars[index]) this.blocks[place] = bars[index] })
    })
    this.blocks.forEach((block, place) => {
      block.classList.add('cnnviz-block')
      const told = { role: 'button', 'aria-label': words[place], 'aria-pressed': place === picked, tabindex: place === this.at ? 0 : -1 }
      dress(block, told)
      block.onkeydown = event => this.key(event, place)
      block.onfocus = () => this.hold(place)
    })
    if (this.holds && document.activeElement === document.body) this.blocks[this.at]?.focus()
    if (this.goal === 'nearest' && this.blocks.length) {
      this.go()
      this.goal = null
    }
  }

  // A page that a link opened grows for a while above the drawing: it is gone after, unless somebody scrolls.
  follow() {
    led = true
    this.goal = 'center'
    const until = new AbortController()
    const end = () => {
      this.goal = null
      until.abort()
    }
    for (const name of ['wheel', 'pointerdown', 'keydown']) window.addEventListener(name, end, { capture: true, signal: until.signal })
    const again = still => {
      if (this.goal !== 'center') return
      if (still > RESTS) return end()
      setTimeout(() => again(this.blocks?.length && !this.go() ? still + 1 : 0), LOOK)
    }
    again(0)
  }

  // What holds the drawing comes into view, and the block within it; whether that has moved it.
  go() {
    const block = this.blocks[this.picked] ?? this.frame
    const before = block.getBoundingClientRect().top
    if (this.goal === 'center') this.frame.scrollIntoView({ block: 'center' })
    const [held, own] = [this.frame, block].map(each => each.getBoundingClientRect())
    if (own.top < held.top || own.bottom > held.bottom) this.frame.scrollTop += (own.top + own.bottom - held.top - held.bottom) / 2
    return Math.abs(block.getBoundingClientRect().top - before) > 1
  }

  hold(place) {
    this.holds = true
    if (place === this.at) return
    this.blocks[this.at]?.setAttribute('tabindex', -1)
    this.blocks[place].setAttribute('tabindex', 0)
    this.at = place
  }

  key(event, place) {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const next = this.component.data.moves[place][KEYS[event.key]]
    if (event.key === 'Enter' || event.key === ' ') this.component.setTriggerValue('picked', place)
    else if (KEYS[event.key]) this.blocks[next ?? place]?.focus()
    else return
    event.preventDefault()
    event.stopPropagation()
  }

  close() {
    this.goal = null
    this.observer.disconnect()
    for (const name of ['focusin', 'pointerdown']) document.removeEventListener(name, this.leave)
  }
}
