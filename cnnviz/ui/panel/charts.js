// Draws LivePlots with Plotly: each chart is made once and then fed, so that zoom and hover survive; at most 15 times a second.

import { tell } from './access.js'
import { detailText, emptyAreas, headlineText, indexAt, isRecorded, marked, values } from './bindings.js'
import { fitted, isLow } from './fit.js'
import { follow, heightsOf } from './hand.js'
import { showWholeImages } from './images.js'
import { fillStage } from './stage.js'
import { isStacked, stackHeight, stacked } from './stack.js'
import { LABELS } from './ticks.js'

const INTERVAL = 1000 / 15
const FRAME = 4 // ms that a timer may come late
const BUDGET = 30 // ms of drawing before the browser gets a turn
const REST = 1.5 // time between two draws, in times that one took
const CONFIG = { displaylogo: false, displayModeBar: matchMedia('(hover: none)').matches ? false : 'hover', responsive: true, modeBarButtonsToRemove: ['lasso2d', 'select2d', 'sendChartToCloud'] }

let loading = null

export function library(version) {
  loading ??= new Promise((done, failed) => {
    if (window.Plotly) return done(window.Plotly)
    const tag = document.createElement('script')
    tag.src = new URL(`../plotly.min.js?v=${version}`, import.meta.url)
    tag.onload = () => done(window.Plotly)
    tag.onerror = failed
    document.head.append(tag)
  })
  return loading
}

export class Charts {
  // source(): {recordings, step, following, hidden}; drawn(): called after each draw
  constructor(grid, version, source, drawn) {
    this.grid = grid
    grid.before(Object.assign(element('h2', 'cnnviz-spoken'), { textContent: 'Charts' }))
    this.source = source
    this.drawn = drawn
    this.cards = []
    this.last = 0
    this.took = 0
    this.turn = 0
    this.pending = null
    this.width = 0
    this.resizing = new ResizeObserver(() => this.resize())
    this.resizing.observe(grid)
    this.unfill = fillStage(grid.parentElement, grid)
    this.unfollow = follow(() => this.draw(true))
    this.watchTheme()
    library(version).then(Plotly => {
      this.Plotly = Plotly
      this.draw()
    })
  }

  watchTheme() {
    this.colourScheme = matchMedia('(prefers-color-scheme: dark)')
    this.retheme = () => this.draw(true)
    this.colourScheme.addEventListener('change', this.retheme)
    this.themes = new MutationObserver(this.retheme)
    for (const node of ancestors(this.grid.parentElement)) this.themes.observe(node, { attributes: true, attributeFilter: ['style', 'class'] })
  }

  show(plots) {
    if (plots.length && plots.map(({ name }) => name).join() === this.cards.map(card => card.plot.name).join()) return this.reshow(plots)
    this.clear()
    this.grid.dataset.charts = plots.length
    this.cards = plots.map(plot => new Card(plot, () => this.draw(true), card => this.enlarge(card)))
    delete this.grid.dataset.large
    this.grid.replaceChildren(...this.cards.map(card => card.root))
    this.draw(true)
  }

  // The same charts with other lines in them: nothing is mounted again, so zoom and hover stay.
  reshow(plots) {
    plots.forEach((plot, index) => {
      const card = this.cards[index]
      if (JSON.stringify(card.plot) === JSON.stringify(plot)) return
      Object.assign(card, { plot, mark: '' })
    })
    this.draw(true)
  }

  // One chart takes the whole stage, until it is pressed again.
  enlarge(large) {
    const enlarged = this.grid.toggleAttribute('data-large')
    for (const card of this.cards) card.enlarge(enlarged && card === large)
    this.resize()
  }

  // urgent: a hand is waiting for it, so no time is let pass first
  draw(urgent = false) {
    if (this.pending && !urgent) return
    this.cancel()
    const wait = urgent ? 0 : this.last + Math.max(INTERVAL, this.took * REST) - performance.now()
    const pending = (this.pending = {})
    const paint = () => (pending.frame = requestAnimationFrame(() => this.paint()))
    if (wait > FRAME) pending.timer = setTimeout(paint, wait - FRAME)
    else paint()
  }

  // Charts take turns: when one frame's time is up, those that are left come first in the next.
  paint() {
    this.pending = null
    if (!this.Plotly || !this.grid.isConnected) return
    const begin = performance.now()
    const source = this.source()
    const theme = themeOf(this.grid)
    let changed = false
    let left = this.cards.length
    while (left > 0 && performance.now() - begin < BUDGET) {
      changed = this.cards[this.turn++ % this.cards.length].paint(this.Plotly, source, theme, this.width) || changed
      left -= 1
    }
    this.last = performance.now()
    this.took = this.last - begin
    if (changed) this.drawn()
    if (left > 0) this.draw(true)
  }

  cancel() {
    if (!this.pending) return
    cancelAnimationFrame(this.pending.frame)
    clearTimeout(this.pending.timer)
    this.pending = null
  }

  resize() {
    this.width = this.grid.clientWidth
    for (const card of this.cards) if (card.made && card.chart.offsetWidth) card.resize(this.Plotly, this.width)
  }

  clear() {
    for (const card of this.cards) if (card.made) this.Plotly.purge(card.chart)
    this.cards = []
  }

  close() {
    this.unfill()
    this.unfollow()
    this.resizing.disconnect()
    this.themes.disconnect()
    this.colourScheme.removeEventListener('change', this.retheme)
    this.cancel()
    this.clear()
  }
}

class Card {
  constructor(plot, redraw, enlarge) {
    this.plot = plot
    this.redraw = redraw
    this.made = false
    this.mark = ''
    this.stacked = false
    this.picked = null
    this.chips = []
    this.overSteps = plot.bindings.some(binding => binding.over === 'steps' || binding.over === 'grid')
    this.root = element('section', 'cnnviz-card')
    this.headline = element('div', 'cnnviz-headline', { role: 'heading', 'aria-level': 3 })
    this.chart = element('div', 'cnnviz-chart')
    this.explain = element('p', 'cnnviz-explain')
    this.explain.textContent = plot.explain
    this.needs = element('p', 'cnnviz-needs')
    this.larger = element('button', 'cnnviz-button cnnviz-quiet cnnviz-enlarge', { type: 'button' })
    this.larger.textContent = '⤢'
    this.larger.onclick = () => enlarge(this)
    const top = element('div', 'cnnviz-top')
    top.append(this.headline, this.larger)
    this.enlarge(false)
    this.root.append(top, this.chart, this.needs, this.explain)
    if (Object.keys(plot.details).length) this.addDetails()
  }

  enlarge(large) {
    this.root.toggleAttribute('data-large', large)
    const words = large ? 'Show all charts' : 'Enlarge this chart'
    this.larger.title = words
    this.larger.setAttribute('aria-label', words)
    this.larger.setAttribute('aria-pressed', large)
  }

  addDetails() {
    this.layers = element('div', 'cnnviz-chips', { role: 'group', 'aria-label': 'Layers: pick one for its numbers' })
    this.detail = element('div', 'cnnviz-detail', { 'aria-live': 'off' })
    this.root.append(this.layers, this.detail)
  }

  resize(Plotly, width) {
    if (isStacked(this.plot.figure.layout, width) === this.stacked) Plotly.Plots.resize(this.chart)
    this.redraw()
  }

  // Whether anything was drawn. What is drawn depends on nothing but what the mark is made of.
  paint(Plotly, source, theme, width) {
    const narrow = isStacked(this.plot.figure.layout, width)
    const low = isLow(this.chart)
    const mark = [this.markOf(source), theme.mark, narrow, low].join(' ')
    if (mark === this.mark) return false
    this.mark = mark
    this.stacked = narrow
    const { recordings, step } = source
    setText(this.headline, unbroken(headlineText(this.plot.headline, recordings, step)))
    if (this.detail) this.paintDetails(recordings, step)
    const data = this.data(source)
    const whole = this.layout(source, theme)
    showWholeImages(data, whole, this.chart._fullLayout)
    const layout = low ? fitted(whole, this.chart.clientHeight) : whole
    const sentence = this.withoutEmptyAreas(data, layout)
    this.chart.style.flexBasis = narrow ? `${stackHeight(layout)}px` : ''
    const drawn = Plotly.react(this.chart, data, layout, CONFIG)
    drawn.then(() => tell(this.chart, `${this.headline.textContent}. ${sentence || this.plot.explain}`))
    if (!this.made && this.detail) this.chart.on('plotly_click', event => this.pick(event.points[0].pointNumber))
    this.made = true
    return true
  }

  markOf({ recordings, step, following, hidden }) {
    const parts = this.plot.bindings.map(binding => {
      const recording = recordings[binding.variant]
      if (!recording) return '-'
      const column = recording.columns[binding.column]
      if (!column) return `${recording.layers.length}/${recording.steps.length && recording.serial}`
      const place = binding.over === 'steps' || binding.over === 'grid' ? column.rows.length : indexAt(recording, binding.column, step)
      return `${recording.serial}:${place}`
    })
    const words = headlineText(this.plot.headline, recordings, step)
    const held = this.plot.given.map(({ setting, values: known }) => (setting && heightsOf(setting, known.length)) || '')
    return [...parts, ...held, words, this.overSteps && !following ? step : '', [...hidden].join(), this.picked, this.detail ? step : ''].join(' ')
  }

  data({ recordings, step, hidden }) {
    const traces = this.plot.figure.data.map(trace => ({ ...trace, visible: !hidden.has(trace.name) }))
    for (const { trace, attr, values: known, unless, setting } of this.plot.given) {
      const held = setting ? heightsOf(setting, known.length) ?? known : known
      traces[trace][attr] = held
      if (unless && isRecorded(held, unless, recordings, step)) traces[trace].visible = false
    }
    for (const binding of this.plot.bindings) traces[binding.trace][binding.attr] = values(binding, recordings, step)
    return traces.map(marked)
  }

  layout({ step, following }, theme) {
    const built = this.plot.figure.layout
    const layout = { ...(this.stacked ? stacked(built) : built), autosize: true }
    delete layout.title // the headline stands above the chart, and a title's automargin costs a second layout
    layout.margin = { ...layout.margin, t: 26 }
    layout.modebar = { bgcolor: 'rgba(0,0,0,0)', color: theme.line, activecolor: theme.text }
    layout.font = { ...layout.font, color: theme.text, family: theme.font }
    layout.paper_bgcolor = layout.plot_bgcolor = 'rgba(0,0,0,0)'
    const xAxes = []
    for (const name of Object.keys(layout)) {
      if (!/^[xy]axis\d*$/.test(name)) continue
      // The margins hold the labels: to measure whether each does stay inside is a third of what drawing costs.
      const labels = { ticklabeloverflow: 'allow', ...(layout[name].type === 'log' && { labelalias: LABELS }) }
      layout[name] = { ...layout[name], ...labels, gridcolor: theme.grid, zerolinecolor: theme.line, linecolor: theme.line }
      if (name[0] === 'x') xAxes.push(name.replace('axis', ''))
    }
    if (this.overSteps && !following) {
      const line = { type: 'line', yref: 'paper', x0: step, x1: step, y0: 0, y1: 1, line: { color: theme.text, width: 1.5 } }
      layout.shapes = [...(layout.shapes ?? []), ...xAxes.map(xref => ({ ...line, xref }))]
    }
    return layout
  }

  // Takes away the axes that nothing is drawn on; where that is all of them, the sentence on what is needed stands in their place.
  withoutEmptyAreas(data, layout) {
    const { axes, sentence } = emptyAreas(data, layout, this.plot.headline.needs)
    for (const axis of axes) layout[axis] = { ...layout[axis], visible: false }
    if (sentence) {
      Object.assign(layout, { annotations: [], shapes: [] })
      if (layout.coloraxis) layout.coloraxis = { ...layout.coloraxis, showscale: false }
    }
    setText(this.needs, sentence)
    this.needs.hidden = !sentence
    return sentence
  }

  paintDetails(recordings, step) {
    const [first] = Object.values(recordings).sort((a, b) => b.layers.length - a.layers.length)
    const names = first?.layers ?? []
    if (names.join() !== this.chips.map(chip => chip.textContent).join()) this.makeChips(names)
    this.chips.forEach((chip, layer) => chip.setAttribute('aria-pressed', layer === this.picked))
    const lines = Object.entries(this.plot.details)
      .map(([variant, template]) => this.picked !== null && detailText(template, recordings[variant], this.picked, step))
      .filter(Boolean)
    const shown = lines.length ? lines : [names.length ? 'Pick a layer for its numbers.' : '']
    if (shown.join('\n') !== this.told) {
      if (step !== this.toldStep) this.detail.setAttribute('aria-live', 'off') // what is read aloud is what a hand has picked
      this.toldStep = step
      this.told = shown.join('\n')
      this.detail.replaceChildren(...shown.map(line => Object.assign(document.createElement('p'), { textContent: line })))
    }
  }

  makeChips(names) {
    if (this.picked !== null && this.picked >= names.length) this.picked = null
    for (const chip of this.chips.splice(names.length)) chip.remove()
    while (this.chips.length < names.length) this.chips.push(this.addChip(this.chips.length))
    names.forEach((name, layer) => {
      setText(this.chips[layer], name)
      this.chips[layer].title = `Numbers of ${name}`
    })
  }

  addChip(layer) {
    const chip = element('button', 'cnnviz-chip', { type: 'button' })
    chip.onclick = () => this.pick(layer === this.picked ? null : layer)
    this.layers.append(chip)
    return chip
  }

  pick(layer) {
    this.picked = layer
    this.detail.setAttribute('aria-live', 'polite')
    this.redraw()
  }
}

function themeOf(node) {
  const style = getComputedStyle(node)
  const text = style.getPropertyValue('--st-text-color').trim() || style.color
  return { text, grid: rgba(text, 0.14), line: rgba(text, 0.45), font: style.fontFamily, mark: text + style.fontFamily }
}

// Plotly knows no color-mix.
function rgba(colour, alpha) {
  const canvas = (rgba.canvas ??= document.createElement('canvas').getContext('2d', { willReadFrequently: true }))
  canvas.fillStyle = colour
  canvas.fillRect(0, 0, 1, 1)
  const [red, green, blue] = canvas.getImageData(0, 0, 1, 1).data
  return `rgba(${red},${green},${blue},${alpha})`
}

// A number keeps its unit, its power of ten and its variant's letter on its line.
const unbroken = text =>
  text.replace(/(\d) ([%kM×]|times|million|billion|of 0)/g, '$1\u00a0$2').replaceAll('× 10', '×\u00a010').replace(/\b([A-F]) (?=[−\d])/g, '$1\u00a0')

export function element(tag, className, attributes = {}) {
  const node = document.createElement(tag)
  node.className = className
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value)
  return node
}

export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text
}

function* ancestors(node) {
  for (let up = node.parentElement; up; up = up.parentElement) yield up
}
