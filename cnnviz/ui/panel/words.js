// The panel's sentences: where a run stands, in words.

import { numberText, wholeText } from './numbers.js'

export const ENDED = ['done', 'diverged', 'failed', 'cancelled']
const BLOCKED = 'Live connection is blocked here; updates arrive more slowly.'
const LOST = 'Connection lost; trying again …'
const GONE = 'The server no longer has this run: it was restarted, most likely.'
export const goneWords = ({ watch, verb }) => `${GONE} ${watch ? 'Ask for a new link.' : `Press ${verb} to run it again.`}`
export const emptyWords = verb =>
  `Nothing has been run with these settings yet. Press ${verb}, and the charts fill${verb === 'Train' ? ' while the networks learn' : ''}.`
const HELD = 'Answer the question above, or pass it over: then the recording plays'
const FOLLOWING = 'Following the instructor’s run'

const STATES = { running: 'Running', paused: 'Paused', done: 'Done', diverged: 'Diverged', failed: 'Failed', cancelled: 'Stopped' }

// The panel's one line on where it stands.
export function lineOf({ data, run, view, digest }) {
  if (data.instant && !data.held) {
    const exact = Object.values(view?.recordings ?? {}).some(recording => recording.about.dtype === 'float64')
    return instantWords(run, view?.digest === digest, exact)
  }
  const prefix = data.watch ? `${FOLLOWING} · ` : ''
  if (run) return prefix + (run.status ? statusWords(run) : 'Starting …')
  if (view?.fresh) return freshWords(data)
  if (data.held) return HELD
  return view ? storedWords(data) : data.watch ? prefix + 'connecting …' : 'Ready'
}

// What there is to say beside it, a sentence each.
export function notesOf({ data, run, view, digest, active, channel, notice, stored }) {
  const shown = active ? run.digest : view?.digest
  const notes = run || view?.fresh ? endingWords(run?.status, (run ?? view).recordings) : []
  if (shown && shown !== digest && !data.watch && !data.instant && !stored.comes) notes.push(changedWords(active, data.verb))
  if (run?.status?.altered?.length) notes.push(alteredWords(run.status.altered))
  if (channel === 'lost') notes.push(LOST)
  if (channel === 'relay') notes.push(BLOCKED)
  return [...notes, notice].filter(Boolean)
}

function statusWords(run) {
  const { status } = run
  if (status.state === 'queued') return status.place > 0 ? `Waiting in the queue · place ${status.place}` : 'Starting …'
  const made = Math.max(0, ...Object.values(run.recordings).map(({ steps }) => steps.length))
  return [
    STATES[status.state],
    run.runs ? runWords(status.state === 'running' ? Math.min(made + 1, run.runs) : made, run.runs) : stepWords(status.step, run.steps),
    isPretraining(run.recordings) ? 'pre-training' : '',
    status.state === 'running' && isSliced(run.recordings) ? 'measuring the loss surface' : '',
    run.runs || isCalculated(run.recordings) ? '' : epochWords(status.examples / run.trainExamples),
    status.state === 'running' && !run.runs && status.steps_per_second ? `${numberText(status.steps_per_second)} steps/s` : '',
    status.state === 'running' && status.seconds_left !== null ? `${timeText(status.seconds_left)} left` : '',
    status.lr === null ? '' : `learning rate ${numberText(status.lr)}`,
    deviceWords(status.device),
    run.runs ? '' : `seed ${status.seed}`,
  ].filter(Boolean).join(' · ')
}

const storedWords = ({ steps, runs, verb }) =>
  `Recorded earlier · ${runs ? `${wholeText(runs)} runs` : `${wholeText(steps)} steps`} · press ${verb} to run it now`

const freshWords = ({ verb }) => `Fresh networks at step 0, before any update · press ${verb} to train them`

// Before the task begins, by the phase of what was measured last.
const isPretraining = recordings => {
  const phases = Object.values(recordings).flatMap(({ columns }) => columns.phase?.values.slice(-1) ?? [])
  return phases.length > 0 && phases.every(phase => phase === 0)
}

// Without training, which is in float32 and names no calculation.
const isCalculated = recordings => Object.values(recordings).some(({ about }) => about.dtype === 'float64' || about.calculation)

// Behind the training, by what was measured.
const isSliced = recordings => Object.values(recordings).some(({ columns }) => columns.surface_loss)

// run: null for stored numbers; current: whether the charts show the page's settings; exact: computed in float64, without a net
function instantWords(run, current, exact) {
  if (!current) return ['failed', 'cancelled'].includes(run?.status?.state) ? STATES[run.status.state] : 'Measuring …'
  if (exact) return 'Computed in float64'
  return ['Measured on fresh weights, before any update', run?.status && deviceWords(run.status.device), run?.status && `seed ${run.status.seed}`]
    .filter(Boolean).join(' · ')
}

export const stepWords = (step, steps) => `step ${wholeText(step)} of ${wholeText(steps)}`

export const runWords = (run, runs) => `run ${wholeText(run)} of ${wholeText(runs)}`

// A rate set by hand is another experiment than the settings say.
function alteredWords(altered) {
  const [[step, lr]] = altered
  const more = altered.length > 1 ? `, and ${altered.length - 1} more times` : ''
  return `The learning rate was set by hand to ${numberText(lr)} at step ${wholeText(step)}${more}: what came of it is shown, not judged.`
}

const changedWords = (active, verb) => `Settings changed: press ${active ? 'Restart' : verb} to run them.`

// The run's own sentence where it says more than its state, then how each variant ended that did not simply finish.
function endingWords(status, recordings) {
  const own = Object.entries(recordings)
    .filter(([, recording]) => recording.ending && !['done', 'cancelled'].includes(recording.ending.state))
    .map(([variant, recording]) => `${variant}: ${recording.ending.sentence}`)
  const sentence = status?.sentence ?? ''
  const told = sentence === '' || sentence === `${STATES[status.state]}.` || (own.length > 0 && status.state !== 'failed')
  return told ? own : [sentence, ...own]
}

function epochWords(epochs) {
  const text = epochs < 9.95 ? epochs.toFixed(1) : wholeText(epochs)
  return `${text} epoch${text === '1.0' ? '' : 's'}`
}

function timeText(seconds) {
  const whole = Math.ceil(seconds)
  const minutes = Math.floor(whole / 60)
  const two = value => String(value).padStart(2, '0')
  return minutes < 60
    ? `${minutes}:${two(whole % 60)}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`
}

function deviceWords(device) {
  if (device.startsWith('cuda')) return 'GPU'
  return device === 'mps' ? 'Apple GPU' : device.toUpperCase()
}
