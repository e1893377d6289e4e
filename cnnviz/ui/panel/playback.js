// A stored recording, played as it was trained: its snapshots come a few at a time, and the charts grow with them.

import { extend } from './bindings.js'

const TICKS = 40
const TICK = 80

// The snapshots [from, to) of a recording's one delta, as a delta.
export function part(delta, from, to) {
  const columns = {}
  for (const [name, { rows, values }] of Object.entries(delta.columns)) {
    const places = rows.map((row, place) => place).filter(place => rows[place] >= from && rows[place] < to)
    if (places.length) columns[name] = { rows: places.map(place => rows[place]), values: places.map(place => values[place]) }
  }
  const ending = to >= delta.steps.length ? delta.ending : null
  return { from, steps: delta.steps.slice(from, to), columns, layers: delta.layers, about: delta.about, ending }
}

export class Playback {
  // deltas, recordings: by variant; each recording has its first snapshot already. grew(): after each part
  constructor(deltas, recordings, grew) {
    this.parts = { deltas, recordings }
    this.longest = Math.max(...Object.values(deltas).map(({ steps }) => steps.length))
    this.seen = 1
    this.grew = grew
    this.timer = setInterval(() => this.play(Math.max(1, Math.ceil(this.longest / TICKS))), TICK)
  }

  play(count) {
    const { deltas, recordings } = this.parts
    const to = this.seen + count
    for (const [variant, delta] of Object.entries(deltas)) extend(recordings[variant], part(delta, this.seen, to))
    this.seen = to
    if (to >= this.longest) this.stop()
    this.grew()
  }

  // All that is left of it, at once.
  finish() {
    if (this.timer) this.play(this.longest)
  }

  stop() {
    clearInterval(this.timer)
    this.timer = null
  }
}
