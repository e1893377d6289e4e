// A stored recording that plays by itself, over and over; where the reader asks for less motion it waits at its last step.

import { emptyRecording, extend, longest } from './bindings.js'
import { Charts, element, setText } from './charts.js'
import { Legend } from './controls.js'
import { stepWords } from './words.js'

const SNAPSHOT_MS = 130
const REST_SNAPSHOTS = 12 // how long it stays at its end, in snapshots

const replays = new WeakMap()

export function mount({ data, parentElement }) {
  if (!replays.has(parentElement)) replays.set(parentElement, new Replay(parentElement, data))
  return () => {
    replays.get(parentElement)?.close()
    replays.delete(parentElement)
  }
}

class Replay {
  constructor(place, data) {
    this.data = data
    this.recordings = {}
    this.index = 0
    this.still = matchMedia('(prefers-reduced-motion: reduce)')
    this.playing = !this.still.matches
    this.root = element('div', 'cnnviz-panel cnnviz-replay', { role: 'region', 'aria-label': 'A recorded run' })
    this.hidden = new Set()
    this.legend = new Legend(variant => this.toggle(variant))
    this.grid = element('div', 'cnnviz-grid')
    this.line = element('div', 'cnnviz-line')
    this.button = element('button', 'cnnviz-button', { type: 'button' })
    this.button.onclick = () => this.play(!this.playing)
    const bar = element('div', 'cnnviz-status')
    bar.append(this.button, this.line)
    this.root.append(this.legend.root, this.grid, bar)
    this.legend.show(data.labels, data.colours, this.hidden)
    place.querySelector('.cnnviz-place').replaceChildren(this.root)
    this.charts = new Charts(this.grid, data.plotly, () => this.source(), () => {})
    this.charts.show(JSON.parse(data.plots))
    this.play(this.playing)
    this.load()
  }

  async load() {
    for (const [variant, key] of Object.entries(this.data.stored)) {
      const answer = await fetch(new URL(`../recording/${key}`, import.meta.url))
      if (answer.ok) this.recordings[variant] = Object.assign(extend(emptyRecording(), await answer.json()), { serial: variant })
    }
    this.steps = longest(this.recordings)
    this.index = this.playing ? 0 : this.steps.length - 1
    this.show()
    this.timer = setInterval(() => this.tick(), SNAPSHOT_MS)
  }

  tick() {
    if (!this.playing || document.hidden) return
    this.index = (this.index + 1) % (this.steps.length + REST_SNAPSHOTS)
    this.show()
  }

  play(playing) {
    this.playing = playing
    setText(this.button, playing ? 'Pause' : 'Play')
  }

  toggle(variant) {
    if (!this.hidden.delete(variant)) this.hidden.add(variant)
    this.legend.show(this.data.labels, this.data.colours, this.hidden)
    this.charts.draw(true)
  }

  show() {
    setText(this.line, stepWords(this.step, this.steps.at(-1)))
    this.root.dataset.step = this.step
    this.charts.draw()
  }

  get step() {
    return this.steps[Math.min(this.index, this.steps.length - 1)]
  }

  source() {
    return { recordings: this.recordings, step: this.steps ? this.step : 0, following: false, hidden: this.hidden }
  }

  close() {
    clearInterval(this.timer)
    this.charts.close()
  }
}
