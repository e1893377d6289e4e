// What a panel shows while no run goes on: what is stored for the page's settings, else the networks that a run would begin with.

import * as bindings from './bindings.js'
import * as memory from './memory.js'
import { part, Playback } from './playback.js'
import { digestOf } from './renewal.js'
import { newRun } from './run.js'
import { fetchRecording } from './socket.js'

let serial = 0

export const blank = () => Object.assign(bindings.emptyRecording(), { serial: ++serial })

const isSome = keys => Object.keys(keys).length > 0

export class Stored {
  constructor(panel) {
    this.panel = panel
    this.asked = null // the settings whose fresh networks were asked for, by digest
    this.fresh = null // the run that measures fresh networks, which is not the page's: see run.js
    this.playback = null
  }

  // Where there is nothing to show, what is shown stays.
  settle() {
    const { panel } = this
    const { data } = panel
    if (data.instant) return this.settleInstantly()
    if (panel.busy || data.watch || panel.view?.digest === panel.digest) return
    if (data.held === 'all') panel.refresh()
    else if (isSome(data.stored)) this.show(data.stored)
    else if (data.fresh) this.showFresh()
    else panel.refresh()
  }

  // An instant panel runs by itself what is not stored; the picture before stays until the new numbers are there.
  settleInstantly() {
    const { panel } = this
    if (this.asked === panel.digest || panel.data.held) return
    this.asked = panel.digest
    if (isSome(panel.data.stored)) this.show(panel.data.stored)
    else if ((panel.run ?? panel.view)?.digest !== panel.digest) panel.start(false)
  }

  // keys: of the recordings, by variant; fresh: whether they are of fresh networks
  async show(keys, fresh = false) {
    const { panel } = this
    const { labels, offer, instant, held } = panel.data
    const fetched = await Promise.all(Object.values(keys).map(key => fetchRecording(key)))
    if (panel.data?.offer !== offer || (panel.busy && !instant)) return
    if (fetched.includes(null)) return fresh ? this.ask() : instant ? panel.start(false) : panel.say('')
    const grows = !fresh && !instant && (held || (this.plays && !matchMedia('(prefers-reduced-motion: reduce)').matches))
    const deltas = Object.fromEntries(Object.keys(keys).map((variant, index) => [variant, fetched[index]]))
    const recordings = {}
    for (const [variant, delta] of Object.entries(deltas)) {
      recordings[variant] = bindings.extend(blank(), grows ? part(delta, 0, 1) : delta)
    }
    this.put({ labels, recordings, fresh })
    if (grows && !held) this.playback = new Playback(deltas, recordings, () => panel.refresh(true))
    this.plays = false
  }

  put(view) {
    const { panel } = this
    this.playback?.stop()
    this.playback = null
    panel.view = { digest: panel.digest, steps: panel.data.steps, run: null, ...view }
    panel.makeTabs()
    panel.run = null
    panel.cursor = null
    memory.forget(panel.data.page)
    if (panel.toldRun && panel.data.number === panel.known) panel.tellShown(null)
    panel.refresh(true)
    panel.follower?.answered()
  }

  release() { // the question is answered: what was kept back is played
    this.plays = true
    const { view } = this.panel
    if (view && !view.run && !view.fresh) view.digest = ''
  }

  // Fresh networks

  showFresh() {
    const { panel } = this
    if (this.comes) return this.drawFresh()
    this.asked = panel.digest
    if (isSome(panel.data.fresh.stored)) this.show(panel.data.fresh.stored, true)
    else this.ask()
    panel.refresh()
  }

  ask() {
    this.panel.link.send({ op: 'start', offer: this.panel.data.fresh.offer, step: false })
  }

  // Whether those of the page's settings are on their way.
  get comes() {
    const { panel } = this
    return this.asked === panel.digest && panel.view?.digest !== panel.digest
  }

  isFresh({ page }) {
    this.page = this.panel.data.fresh?.page ?? this.page
    return page === this.page
  }

  began(message) {
    this.fresh = newRun(message)
  }

  drawFresh() {
    const { panel, fresh } = this
    const { data } = panel
    if (!this.comes || !fresh?.measured || !data.fresh || fresh.digest !== digestOf(data.fresh) || panel.busy) return
    this.put({ labels: fresh.labels, recordings: fresh.recordings, fresh: true })
  }

  changed(status) {
    this.fresh.status = status
    if (status.state !== 'failed' || this.fresh.measured) return
    this.asked = null
    this.panel.notice = status.sentence
  }

  // Nothing more is told of them: a run has begun, or the connection was lost.
  forget() {
    this.asked = this.fresh = null
  }
}
