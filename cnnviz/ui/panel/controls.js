// The panel's controls: toolbar, status line, legend, scrubber and tabs. They show a state and say what was asked for.

import { element, setText } from './charts.js'
import { numberText } from './numbers.js'
import { runWords, stepWords } from './words.js'

const PATHS = {
  play: 'M3 1.5v11l9.5-5.5z',
  pause: 'M3 2h3v10H3zM8 2h3v10H8z',
  step: 'M2 2v10l6.5-5zM9.5 2H12v10H9.5z',
  restart: 'M7 2.2V0L3.2 3.2 7 6.4V4.2a3.4 3.4 0 1 1-3.4 3.4h-2A5.4 5.4 0 1 0 7 2.2z',
  stop: 'M2.5 2.5h9v9h-9z',
  enlarge: 'M1 1h5v1.6H3.7L6 4.9 4.9 6 2.6 3.7V6H1zM13 13H8v-1.6h2.3L8 9.1 9.1 8l2.3 2.3V8H13z',
  link: 'M5.5 9.5h-1a2.5 2.5 0 0 1 0-5h1V3h-1a4 4 0 0 0 0 8h1zM8.5 3v1.5h1a2.5 2.5 0 0 1 0 5h-1V11h1a4 4 0 0 0 0-8zM4.5 6.3h5v1.4h-5z',
}
const SPEEDS = [[0, 'Full speed'], [100, '100 steps/s'], [20, '20 steps/s'], [5, '5 steps/s']]
const LOWEST_LR = -6
const HIGHEST_LR = 2
const SAY_EVERY = 120

export class Toolbar {
  // act(op, value): a press
  constructor(act) {
    this.act = act
    this.root = element('div', 'cnnviz-toolbar', { role: 'toolbar', 'aria-label': 'Training' })
    this.main = button('Train', 'play', 'cnnviz-primary', () => this.waits || act(this.main.dataset.op))
    this.step = button('Step', 'step', '', () => act('step'), 'Make one update, then pause')
    this.restart = button('Restart', 'restart', '', () => act('start'), 'Begin again with the settings as they are now')
    this.stop = button('Stop', 'stop', '', () => act('cancel'), 'End this run')
    this.speed = element('select', 'cnnviz-field', { 'aria-label': 'Speed', title: 'How fast to train' })
    this.speed.append(...SPEEDS.map(([value, words]) => new Option(words, value)))
    this.speed.onchange = () => act('speed', Number(this.speed.value))
    this.root.append(this.main, this.step, this.restart, this.stop, this.speed, this.makeStopAt(), this.makeRate())
  }

  makeStopAt() {
    this.stopAt = element('input', 'cnnviz-field', { type: 'number', min: 1, step: 1, placeholder: 'stop at', inputmode: 'numeric' })
    this.stopAt.onchange = () => act.call(this)
    const act = () => {
      const valid = this.stopAt.value === '' || this.stopAt.checkValidity()
      if (!valid) this.stopAt.reportValidity()
      else this.act('stop_at', this.stopAtValue)
    }
    this.stopLabel = labelled('Stop at step', this.stopAt, 'The step to stop at; empty for the last one')
    this.stopLabel.classList.add('cnnviz-stop-at')
    return this.stopLabel
  }

  makeRate() {
    this.rate = element('input', 'cnnviz-rate', { type: 'range', min: LOWEST_LR, max: HIGHEST_LR, step: 0.05 })
    this.rateText = element('output', 'cnnviz-number', { 'aria-live': 'off' })
    this.rate.oninput = () => {
      const lr = Number((10 ** Number(this.rate.value)).toPrecision(3))
      this.showRate(lr, this.began, false)
      this.sayRate(lr)
    }
    this.rateLabel = labelled('Learning rate', this.rate, 'Changes the rate of this run while it trains')
    this.rateLabel.append(this.rateText)
    return this.rateLabel
  }

  sayRate(lr) {
    this.wanted = lr
    this.saying ??= setTimeout(() => {
      this.saying = null
      this.act('lr', this.wanted)
    }, SAY_EVERY)
  }

  get stopAtValue() {
    return this.stopAt.value === '' ? null : Number(this.stopAt.value)
  }

  get speedValue() {
    return Number(this.speed.value)
  }

  // began: the rate that the run began with
  showRate(lr, began, move = true) {
    this.began = began
    this.rateLabel.title = `Changes the rate of this run while it trains; it began with ${numberText(began)}`
    if (move && document.activeElement !== this.rate) this.rate.value = Math.log10(lr)
    setText(this.rateText, numberText(lr))
    this.rate.setAttribute('aria-valuetext', numberText(lr))
  }

  // state: the run's, '' where none goes on; operations: what means something to such a run; readOnly: somebody else's run;
  // verb: what starts one
  show({ state, steps, operations, readOnly, verb }) {
    const active = ['queued', 'running', 'paused'].includes(state)
    const [op, words, icon] = { running: ['pause', 'Pause', 'pause'], paused: ['resume', 'Resume', 'play'] }[state] ?? ['start', verb, 'play']
    this.main.dataset.op = op
    dress(this.main, words, icon, `${words} (space)`)
    const held = document.activeElement
    this.waits = state === 'queued'
    this.main.setAttribute('aria-disabled', this.waits)
    this.restart.disabled = this.stop.disabled = this.rate.disabled = !active
    this.step.disabled = this.waits
    const parts = { step: this.step, speed: this.speed, stop_at: this.stopLabel, lr: this.rateLabel }
    for (const [operation, part] of Object.entries(parts)) part.hidden = !operations.includes(operation)
    setText(this.rateLabel.firstChild, active ? 'This run’s learning rate' : 'Learning rate')
    if (this.root.contains(held) && held.disabled) this.main.focus() // else the keyboard would be nowhere
    this.stopAt.max = steps
    this.root.hidden = readOnly
  }
}

export class Status {
  // follow(): to the newest step; copy(): the link with which others watch
  constructor(follow, copy) {
    this.root = element('div', 'cnnviz-status')
    this.line = element('div', 'cnnviz-line')
    this.notes = element('div', 'cnnviz-notes', { role: 'status', 'aria-live': 'polite' })
    this.spoken = element('div', 'cnnviz-spoken', { 'aria-live': 'polite' })
    this.follow = button('Follow live', 'play', 'cnnviz-quiet', follow, 'Go to the newest step and stay there')
    this.copy = button('Copy follow link', 'link', 'cnnviz-quiet', copy, 'A link with which others watch this run')
    this.root.append(this.line, this.follow, this.copy, this.notes, this.spoken)
  }

  // The line changes many times a second; what is read aloud changes with `moment` only.
  show({ words, notes, moment, lagging, canShare }) {
    setText(this.line, words)
    this.follow.hidden = !lagging
    this.copy.hidden = !canShare
    if (moment !== this.moment) setText(this.spoken, words)
    this.moment = moment
    if (notes.join('\n') === this.noted) return
    this.noted = notes.join('\n')
    this.notes.replaceChildren(...notes.map(note => Object.assign(document.createElement('p'), { textContent: note })))
  }
}

export class Legend {
  // toggle(variant): show or hide it in all charts
  constructor(toggle) {
    this.toggle = toggle
    this.root = element('div', 'cnnviz-legend', { role: 'group', 'aria-label': 'Variants' })
  }

  show(labels, colours, hidden) {
    const mark = JSON.stringify([labels, colours, [...hidden]])
    if (mark === this.mark) return
    this.mark = mark
    this.root.replaceChildren(...Object.entries(labels).map(([variant, words]) => {
      const chip = element('button', 'cnnviz-variant', { type: 'button', 'aria-pressed': !hidden.has(variant), title: `Show or hide ${variant}` })
      chip.style.setProperty('--variant', colours[variant])
      chip.append(element('span', 'cnnviz-swatch'), `${variant} — ${words}`)
      chip.onclick = () => this.toggle(variant)
      return chip
    }))
  }
}

export class Scrubber {
  // scrub(index): look at this snapshot
  constructor(scrub) {
    this.root = element('div', 'cnnviz-scrubber')
    this.range = element('input', 'cnnviz-range', { type: 'range', min: 0, max: 0, step: 1, 'aria-label': 'Step shown', title: 'Drag to look back (← →)' })
    this.words = element('output', 'cnnviz-number cnnviz-shown', { 'aria-live': 'off' })
    this.range.oninput = () => scrub(Number(this.range.value))
    this.root.append(this.range, this.words)
  }

  // runs: of a sweep, where each step shown is one of them; else 0
  show(steps, index, total, runs) {
    this.range.max = Math.max(steps.length - 1, 0)
    this.range.value = index
    this.range.disabled = steps.length < 2
    const words = steps.length ? (runs ? runWords(index + 1, runs) : stepWords(steps[index], total)) : ''
    setText(this.words, words)
    this.range.setAttribute('aria-valuetext', words)
  }
}

export class Tabs {
  // open(name)
  constructor(open) {
    this.open = open
    this.root = element('div', 'cnnviz-tabs', { role: 'tablist', 'aria-label': 'Charts' })
    this.root.onkeydown = event => {
      const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
      if (!move) return
      event.preventDefault()
      event.stopPropagation()
      const next = (this.names.indexOf(this.name) + move + this.names.length) % this.names.length
      this.open(this.names[next])
      this.root.children[next].focus()
    }
  }

  show(names, name, panelId) {
    this.names = names
    this.name = name
    if (names.join('\n') !== this.mark) {
      this.mark = names.join('\n')
      this.root.replaceChildren(...names.map(words => {
        const tab = element('button', 'cnnviz-tab', { type: 'button', role: 'tab', 'aria-controls': panelId })
        tab.textContent = words
        tab.onclick = () => this.open(words)
        return tab
      }))
    }
    names.forEach((words, index) => {
      this.root.children[index].setAttribute('aria-selected', words === name)
      this.root.children[index].tabIndex = words === name ? 0 : -1
    })
    this.root.hidden = names.length < 2
  }
}

export function button(words, icon, className, press, title = words) {
  const node = element('button', `cnnviz-button ${className}`, { type: 'button' })
  dress(node, words, icon, title)
  node.onclick = press
  return node
}

function dress(node, words, icon, title) {
  if (node.dataset.words === words) return
  node.dataset.words = words
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  svg.setAttribute('viewBox', '0 0 14 14')
  svg.setAttribute('aria-hidden', 'true')
  svg.append(document.createElementNS('http://www.w3.org/2000/svg', 'path'))
  svg.firstChild.setAttribute('d', PATHS[icon])
  node.title = title
  node.setAttribute('aria-label', words)
  node.replaceChildren(svg, Object.assign(document.createElement('span'), { textContent: words }))
}

function labelled(words, field, title) {
  const label = element('label', 'cnnviz-labelled', { title })
  label.append(Object.assign(document.createElement('span'), { textContent: words }), field)
  return label
}
