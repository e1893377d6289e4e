// The live panel: shows stored recordings, starts and controls a run, and keeps every chart on the numbers as they arrive.

import { name } from './access.js'
import * as bindings from './bindings.js'
import { Charts, element } from './charts.js'
import { Legend, Scrubber, Status, Tabs, Toolbar } from './controls.js'
import { Follower } from './follow.js'
import * as memory from './memory.js'
import { pressedKey } from './keys.js'
import { numberText, percentText } from './numbers.js'
import { digestOf, offersTheSame, ofOnePage, Renewal } from './renewal.js'
import { isLive, newRun } from './run.js'
import { copied } from './share.js'
import { gathered, Link } from './socket.js'
import { staying } from './stay.js'
import { blank, Stored } from './stored.js'
import * as words from './words.js'

window.__cnnviz = { ...bindings, numberText, percentText }

const SPEAK_EVERY = 30_000
const TELL_PAGE_AFTER = 300
let serial = 0

class Panel {
  constructor(place) {
    this.view = null // what the charts draw: {labels, digest, recordings, steps, run: id or null, fresh: whether of no run}
    this.run = null // what is watched: see run.js
    this.cursor = null // the step that is looked at; null: the newest
    this.hidden = new Set()
    this.notice = ''
    this.channel = ''
    this.frames = 0
    this.toldRun = null // the run whose recordings the page has
    this.tab = null
    this.stored = new Stored(this)
    this.relay = gathered(messages => this.component.setTriggerValue('command', messages.map(one => JSON.stringify(one))))
    this.renewal = new Renewal(() => this.component.setTriggerValue('renew', true))
    this.build(place)
  }

  build(place) {
    this.root = element('div', 'cnnviz-panel', { tabindex: 0, role: 'region', 'aria-label': 'Live panel' })
    this.toolbar = new Toolbar((op, value) => this.act(op, value))
    this.status = new Status(() => this.scrub(Infinity), () => this.copyLink())
    this.legend = new Legend(variant => this.toggle(variant))
    this.scrubber = new Scrubber(index => this.scrub(index))
    this.tabs = new Tabs(name => this.openTab(name))
    this.empty = element('div', 'cnnviz-empty')
    this.grid = element('div', 'cnnviz-grid', { role: 'tabpanel', id: `cnnviz-charts-${++serial}` })
    const row = element('div', 'cnnviz-row')
    row.append(this.legend.root, this.scrubber.root)
    this.root.append(this.toolbar.root, this.status.root, row, this.tabs.root, this.empty, this.grid)
    this.root.onkeydown = event => pressedKey(this, event)
    this.move(place)
  }

  // The place may be the same and what is in it new.
  move(place) {
    const home = place.querySelector('.cnnviz-place')
    if (this.root.parentElement !== home) home.replaceChildren(this.root)
  }

  update(component) {
    this.component = component
    const { relay, mail } = component.data
    const late = this.data && ofOnePage(this.data, component.data) && component.data.number < this.data.number
    this.known = component.data.number
    this.renewal.came()
    this.show(late ? { ...this.data, relay, mail } : component.data)
    if (this.data.instant && this.run?.finished) setTimeout(() => this.tellRun(), TELL_PAGE_AFTER)
  }

  // data: the page's, from its script, or sooner from the server
  show(data) {
    const earlier = this.data
    this.data = data
    if (!earlier) this.begin()
    name(this.root, data)
    if (data.instant && this.run?.measured) this.showRun()
    this.makeTabs()
    if (data.relay) this.link.goBy(data.relay, this.relay)
    this.link.mail(data.mail)
    const renewed = earlier && !ofOnePage(earlier, data)
    if (renewed) this.renewed()
    const answered = earlier?.held && !data.held
    if (answered) this.stored.release()
    if ((earlier && !offersTheSame(earlier, data)) || (renewed && data.instant) || answered) this.stored.settle()
    if (data.lr !== earlier?.lr && !this.active) this.toolbar.showRate(data.lr, data.lr)
    this.refresh(true)
  }

  begin() {
    this.charts = new Charts(this.grid, this.data.plotly, () => this.source(), () => this.wasDrawn())
    const url = new URL('../live', import.meta.url)
    url.protocol = url.protocol.replace('http', 'ws')
    this.link = new Link(url, {
      message: message => this.hear(message),
      open: again => this.opened(again),
      waits: () => this.active || this.awaits,
      ask: () => this.active && this.link.send({ op: 'resync', since: this.run.n }),
      lost: () => this.say('lost'),
      blocked: () => this.blocked(),
    })
    if (!this.data.relay) this.link.connect()
    if (this.data.sliders) this.follower = new Follower(() => this.data.sliders ?? {}, place => this.look(place), () => this.tellMoved())
    const watched = this.data.instant ? null : this.data.watch ?? memory.remembered(this.data.page)
    this.resumes = watched && watched !== this.data.watch
    if (watched) this.link.send({ op: 'watch', run: watched.run, token: watched.token })
    else this.stored.settle()
  }

  // What the server says

  hear(message) {
    if (!this.watched && ['recording', 'delta', 'status'].includes(message.type)) return // of a run that is shown no more
    this[{ page: 'announced', run: 'began', recording: 'whole', delta: 'delta', status: 'changed', refused: 'refused', error: 'refused' }[message.type]](message)
    this.refresh()
  }

  // The page's data before its script's end; run: the server has begun what they ask for.
  announced({ data, run }) {
    const { relay, mail, number } = this.data
    if (!ofOnePage(this.data, data) || data.number <= number) return
    if (run) this.stored.asked = digestOf(data)
    this.show({ ...data, relay, mail })
  }

  began(message) {
    const again = this.run?.id === message.run
    this.notice = ''
    this.channel = this.data.relay ? 'relay' : ''
    if (again) return
    if (this.stored.isFresh(message)) return this.stored.began(message)
    this.stored.forget()
    if (this.pressed) this.pressed.run = message.run
    this.run = newRun(message)
    this.toolbar.showRate(message.lr, message.lr)
    if (message.runs && !this.data.instant) this.view = null // points of two sweeps in one chart would mix
    if (!message.token || this.data.instant) return
    memory.remember(this.data.page, message.run, message.token)
    const { speedValue, stopAtValue } = this.toolbar
    if (this.pressed && speedValue) this.link.send({ op: 'speed', value: speedValue })
    if (this.pressed && stopAtValue && stopAtValue < message.steps) this.link.send({ op: 'stop_at', value: stopAtValue })
    setTimeout(() => this.tellRun(), TELL_PAGE_AFTER)
  }

  // The tab remembers an ended run of other settings than its link asks for: the link wins.
  leave() {
    this.resumes = this.run = this.view = null
    memory.forget(this.data.page)
    this.stored.settle()
  }

  whole({ n, variants }) {
    this.watched.recordings = {}
    this.take(n, variants)
  }

  delta({ after, n, variants }) {
    if (after === this.watched.n) this.take(n, variants)
    else if (n > this.watched.n) this.link.send({ op: 'resync', since: this.watched.n })
  }

  take(n, variants) {
    const run = this.watched
    run.n = n
    for (const [variant, delta] of Object.entries(variants)) {
      run.recordings[variant] = bindings.extend(run.recordings[variant] ?? blank(), delta)
    }
    const measured = Object.values(run.recordings).filter(recording => recording.steps.length).length
    const looks = this.data.instant || run !== this.run
    run.measured = measured >= (looks ? Object.keys(run.labels).length : 1)
    if (run.measured) run === this.run ? this.showRun() : this.stored.drawFresh()
  }

  // The charts keep the run before until the first numbers of this one are there; an instant panel's, which the server begins
  // as soon as a setting changes, also until the page has said what it is about.
  showRun() {
    const { id, labels, digest, recordings, steps } = this.run
    if (this.data.instant && (digest !== this.digest || this.data.held)) return
    this.stored.playback?.stop()
    if (this.view?.run !== id) this.cursor = null
    this.view = { labels, digest, recordings, steps, run: id }
    this.makeTabs()
    this.follower?.answered()
  }

  changed(status) {
    if (this.watched !== this.run) return this.stored.changed(status)
    if (this.resumes && words.ENDED.includes(status.state) && this.run.digest !== this.digest) return this.leave()
    this.resumes = null
    this.run.status = status
    if (status.lr !== null) this.toolbar.showRate(status.lr, this.run.lr)
    if (words.ENDED.includes(status.state) && this.run.finished === undefined) {
      this.run.finished = true
      if (this.data.instant) return setTimeout(() => this.tellRun(), TELL_PAGE_AFTER) // its charts are drawn first
      this.tellRun()
      this.component.setStateValue('finished', this.run.id)
    }
  }

  refused({ op, sentence }) {
    const { pressed } = this
    this.pressed = this.stored.asked = null
    if (op === 'look') this.follower.answered()
    if (op === 'watch') return this.isGone(sentence)
    this.notice = sentence
    if (op === 'offer') this.renewal.ask(pressed)
  }

  // The server knows nothing of the run any more. What has come of it stays on the charts.
  isGone(sentence) {
    memory.forget(this.data.page)
    const { run, active, data } = this
    this.resumes = null
    if (data.instant || !run?.status) {
      this.run = this.stored.asked = null
      if (data.watch && !data.instant) this.notice = sentence
      else this.stored.settle()
      return
    }
    run.gone = true
    run.token = run.view = ''
    if (active) run.status = { ...run.status, state: 'failed', sentence: words.goneWords(data) }
    this.renewal.ask()
  }

  renewed() {
    const pressed = this.renewal.take()
    this.notice = ''
    this.attend()
    if (pressed) this.start(pressed.step)
  }

  // What the page's own script is told

  tellRun() {
    if (!this.run || this.data === null || this.toldRun === this.run.id) return
    // An instant run's numbers are there at once and only then worth a script run, and not while a slider is held that the page
    // knows nothing of: its script would ask for the slider's old place.
    if (this.data.instant && !(this.run.finished && this.data.number === this.known)) return
    this.tellShown(this.run.id)
  }

  // Its script runs with the sliders' new places, and with the run of them where that has ended: so it need not run twice.
  tellMoved() {
    const { run } = this
    const early = run && !(run.finished && run.digest === this.digest)
    const shown = run?.id ?? null
    if (early || shown === this.toldRun) this.component.setStateValue('moved', ++serial)
    else this.tellShown(shown)
  }

  tellShown(run) {
    this.toldRun = run
    this.component.setStateValue('run', run)
  }

  // The connection

  opened(again) {
    this.say(this.data.relay ? 'relay' : '')
    this.attend()
    if (again) this.stored.forget()
    if (again && this.awaits) return this.link.send(this.pressed.message)
    if (this.run && !this.run.gone) this.link.send({ op: 'watch', run: this.run.id, token: this.run.token || this.run.view, since: this.run.n })
    if (again) this.stored.settle()
  }

  attend() {
    if (this.data.instant || this.follower) this.link.send({ op: 'attend', offer: this.data.offer })
  }

  blocked() {
    this.say('relay')
    this.component.setStateValue('channel', 'blocked')
  }

  say(channel) {
    this.channel = channel
    this.refresh()
  }

  // What the learner does

  act(op, value) {
    if (op === 'start' || (op === 'step' && !this.active)) return this.start(op === 'step')
    if (this.active) this.link.send(value === undefined ? { op } : { op, value })
  }

  start(step) {
    if (this.data.watch && !this.data.instant) return
    const message = { op: 'start', offer: this.data.offer, step }
    this.pressed = { at: performance.now(), step, message, run: null } // run: the id of the one that began for it
    this.notice = ''
    this.cursor = null
    this.link.send(message)
  }

  scrub(index) {
    this.stored.playback?.finish()
    const steps = bindings.longest(this.view?.recordings ?? {})
    this.cursor = index >= steps.length - 1 ? null : steps[Math.max(index, 0)]
    this.refresh(true)
  }

  toggle(variant) {
    if (!this.hidden.delete(variant)) this.hidden.add(variant)
    this.refresh(true)
  }

  async copyLink() {
    this.notice = await copied(this.run)
    this.refresh()
  }

  look(place) {
    const { relay, instant, fresh, offer } = this.data
    const shows = instant || (fresh && !this.active)
    if (relay || !shows) this.follower.answered() // the page's script is as soon, or all there is
    else this.link.send({ op: 'look', offer, ...place })
  }

  // What is shown

  // What an instant panel's charts show beside the numbers changes together with the numbers.
  makeTabs() {
    const early = this.data.instant && this.view && this.view.digest !== this.digest
    const [preset, tab] = this.data.opens
    if (early || (this.data.tabs === this.made && preset === this.preset)) return
    this.made = this.data.tabs
    this.plots = new Map(JSON.parse(this.data.tabs))
    const open = [preset !== this.preset && tab, this.tab].find(name => this.plots.has(name))
    this.preset = preset // a starting point opens its tab once
    this.openTab(open ?? this.plots.keys().next().value)
  }

  openTab(name) {
    this.tab = name
    this.tabs.show([...this.plots.keys()], name, this.grid.id)
    this.charts.show(this.plots.get(name))
  }

  get digest() {
    return digestOf(this.data)
  }

  get active() {
    return isLive(this.run)
  }

  // Whether the server has not said yet what became of a press.
  get awaits() {
    return !!this.pressed && !this.pressed.run
  }

  // Whether a run goes on, or may.
  get busy() {
    return this.active || this.awaits || !!this.resumes
  }

  // What the server tells of: the page's run, or fresh networks.
  get watched() {
    return this.stored.fresh ?? this.run
  }

  get step() {
    if (this.data.instant) return 0
    return this.cursor ?? bindings.lastStep(this.view?.recordings ?? {})
  }

  get index() {
    const steps = bindings.longest(this.view.recordings)
    const found = this.cursor === null ? -1 : steps.indexOf(this.cursor)
    return found < 0 ? Math.max(steps.length - 1, 0) : found
  }

  source() {
    return { recordings: this.view?.recordings ?? {}, step: this.step, following: this.cursor === null, hidden: this.hidden }
  }

  get state() {
    if (this.run) return this.run.status?.state ?? 'queued'
    return this.view ? (this.view.fresh ? 'fresh' : 'stored') : 'empty'
  }

  refresh(urgent = false) {
    if (!this.data) return
    const { view, run, state } = this
    this.root.dataset.state = state
    this.root.dataset.step = this.step
    const { steps, operations } = this.active ? run : this.data
    this.toolbar.show({ state: this.active ? state : '', steps, operations, readOnly: !!this.data.watch || this.data.instant, verb: this.data.verb })
    this.status.show({
      words: words.lineOf(this),
      notes: words.notesOf(this),
      moment: `${state}${Math.floor(performance.now() / SPEAK_EVERY)}`,
      lagging: view?.run && this.active && this.cursor !== null,
      canShare: !!run?.token && !this.data.part,
    })
    this.legend.show(view?.labels ?? this.data.labels, this.data.colours, this.hidden)
    const total = view?.steps ?? this.data.steps
    this.scrubber.root.hidden = this.data.instant
    this.scrubber.show(view ? bindings.longest(view.recordings) : [], view ? this.index : 0, total, (view?.run ? run : this.data).runs)
    this.empty.textContent = view || run || this.data.instant || this.data.held || this.stored.comes ? '' : words.emptyWords(this.data.verb)
    this.charts.draw(urgent)
  }

  wasDrawn() {
    this.root.dataset.frames = ++this.frames
    if (this.pressed?.run && this.pressed.run === this.view?.run) {
      this.root.dataset.firstFrameMs = (performance.now() - this.pressed.at).toFixed(1)
      this.pressed = null
      this.tellRun()
    }
  }

  close() {
    this.stored.playback?.stop()
    this.data = null
    this.renewal.came()
    this.link.close()
    this.charts.close()
    this.follower?.close()
  }
}

export const mount = staying(place => new Panel(place))
