// Recordings that grow, and what a LivePlot draws from them: the same as plots/live_plot.py, and changed together with it.

import { numberText, percentText, timesText } from './numbers.js'

// A recording: layers, about, steps, columns {name: {rows, values}}, ending. Numbers that are not finite are null.

export const emptyRecording = () => ({ layers: [], about: {}, steps: [], columns: {}, ending: null })

export function extend(recording, delta) {
  if (delta.from === 0) Object.assign(recording, emptyRecording(), { layers: delta.layers, about: delta.about })
  recording.steps.push(...delta.steps)
  for (const [name, added] of Object.entries(delta.columns)) {
    const column = (recording.columns[name] ??= { rows: [], values: [] })
    column.rows.push(...added.rows)
    column.values.push(...added.values)
  }
  if (delta.ending) recording.ending = delta.ending
  return recording
}

export const lastStep = recordings => Math.max(0, ...Object.values(recordings).map(r => r.steps.at(-1) ?? 0))

export const longest = recordings =>
  Object.values(recordings).reduce((best, r) => (r.steps.length > best.length ? r.steps : best), [])

// Which of a column's values is the last one measured at or before a step (its first one where there is none).
export function indexAt(recording, name, step) {
  const { rows } = recording.columns[name]
  let low = 0
  let high = rows.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (recording.steps[rows[middle]] <= step) low = middle + 1
    else high = middle
  }
  return Math.max(low - 1, 0)
}

export const at = (recording, name, step) => recording.columns[name].values[indexAt(recording, name, step)]

export function values(binding, recordings, step) {
  const recording = recordings[binding.variant]
  if (!recording || !recording.steps.length) return []
  if (binding.column === 'layers') return [...recording.layers]
  if (binding.column === 'layer_numbers') return recording.layers.map((_, index) => index + 1)
  if (binding.column === 'steps') return [...recording.steps]
  if ([binding.column, binding.plus, binding.minus].some(name => name && !recording.columns[name])) return []
  return OVER[binding.over](binding, recording, step)
}

const OVER = {
  steps(binding, recording) {
    const column = recording.columns[binding.column]
    if (binding.attr === 'x') return column.rows.map(row => recording.steps[row])
    const index = binding.layer === null ? null : layerIndex(binding.layer, column.values[0].length)
    if (binding.layer !== null && index === null) return []
    const line = name => recording.columns[name].values.map(value => number(index === null ? value : value[index]))
    let numbers = line(binding.column)
    for (const [other, sign] of [[binding.plus, 1], [binding.minus, -1]]) {
      if (other) numbers = line(other).map((value, place) => numbers[place] + sign * value)
    }
    return transformed(numbers, binding.transform)
  },
  layers: (binding, recording, step) => transformed(at(recording, binding.column, step), binding.transform),
  grid(binding, recording) {
    const column = recording.columns[binding.column].values
    return column[0].map((_, layer) => transformed(column.map(value => value[layer]), binding.transform))
  },
  ridges(binding, recording, step) {
    const lows = bound(binding.low, recording, step)
    const highs = bound(binding.high, recording, step)
    const outline = []
    at(recording, binding.column, step).forEach((heights, layer) => {
      const line = binding.attr === 'x' ? centres(heights, lows[layer], highs[layer]) : ridge(heights, layer)
      outline.push(...plain(line), null)
    })
    return outline
  },
  rows: (binding, recording, step) => OVER.matrix(binding, recording, step).flatMap(row => [...row, null]).slice(0, -1),
  matrix: (binding, recording, step) => at(recording, binding.column, step).map(row => transformed(row, binding.transform)),
  crosses: (binding, recording, step) =>
    OVER.matrix(binding, recording, step).map(row => row.map(value => (value === null ? '' : '×'))),
  counts: (binding, recording, step) =>
    OVER.matrix(binding, recording, step).map(row => row.map(value => (value ? value.toFixed(0) : ''))),
  names: (binding, recording) => placesOf(recording, binding.column),
  tiles(binding, recording, step) {
    const images = at(recording, binding.column, step)
    const [height, width] = [images[0].length, images[0][0].length]
    const across = Math.ceil(Math.sqrt(images.length))
    const rows = Math.ceil(images.length / across) * (height + 1) - 1
    const columns = across * (width + 1) - 1
    if (binding.attr !== 'z') return [...Array(binding.attr === 'x' ? columns : rows).keys()]
    const mosaic = Array.from({ length: rows }, () => Array(columns).fill(null))
    images.forEach((image, unit) => {
      const top = Math.floor(unit / across) * (height + 1)
      const left = (unit % across) * (width + 1)
      image.forEach((row, y) => mosaic[top + y].splice(left, width, ...plain(row.map(number))))
    })
    return mosaic
  },
}

function centres(heights, low, high) {
  const width = (high - low) / heights.length
  return [low, ...heights.map((_, bin) => low + width * (bin + 0.5)), high]
}

function ridge(heights, layer) {
  const sizes = heights.map(number)
  const top = Math.max(...sizes, 1e-30)
  return [layer + 1, ...sizes.map(size => layer + 1 + (0.9 * size) / top), layer + 1]
}

const bound = (limit, recording, step) =>
  typeof limit === 'string' ? at(recording, limit, step).map(number) : recording.layers.map(() => limit)

// What each number of a column is about: the layers, unless `about` says otherwise; numbered where neither tells them apart.
function placesOf(recording, name) {
  const count = recording.columns[name].values[0].length
  const places = recording.about?.places?.[name] ?? recording.layers
  const fits = places.length === count && new Set(places).size === count
  return fits ? [...places] : Array.from({ length: count }, (_, index) => String(index + 1))
}

const layerIndex = (layer, layers) => {
  const index = layer >= 0 ? layer : layers + layer
  return index >= 0 && index < layers ? index : null
}

function transformed(column, transform) {
  const numbers = column.map(number)
  if (transform === 'abs') return plain(numbers.map(Math.abs))
  if (transform === 'log10') return plain(numbers.map(value => Math.log10(Math.abs(value))))
  if (transform === 'product') {
    let product = 1
    return plain(numbers.reverse().map(value => (product *= value))).reverse()
  }
  if (transform === 'share') {
    const sum = numbers.reduce((total, value) => total + value, 0)
    return plain(numbers.map(value => value / sum))
  }
  return plain(numbers)
}

const number = value => value ?? NaN
const plain = numbers => numbers.map(value => (Number.isFinite(value) ? value : null))

export function quantity(wanted, recordings, step) {
  const parts = partsOf(wanted, recordings, step)
  if (parts === null || parts[1] === 0) return null
  const result = parts.length > 1 ? parts[0] / parts[1] : parts[0]
  return Number.isFinite(result) ? result : null
}

// The number, or the two of which it is the quotient; null where one is not there or not finite.
function partsOf(wanted, recordings, step) {
  const recording = recordings[wanted.variant]
  if (!recording || !recording.columns[wanted.column]) return null
  const moment = { cursor: step, first: 0, last: recording.steps.at(-1) }[wanted.at]
  const found = [at(recording, wanted.column, moment)].flat()
  const top = layerIndex(wanted.layer ?? 0, found.length)
  const bottom = wanted.per === null ? null : layerIndex(wanted.per, found.length)
  if (top === null || (wanted.per !== null && bottom === null)) return null
  const parts = bottom === null ? [number(found[top])] : [number(found[top]), number(found[bottom])]
  return parts.every(Number.isFinite) ? parts : null
}

const FORMS = { number: numberText, percent: percentText, times: timesText }

// With its numbers, or what it is about while none is known.
export function headlineText(headline, recordings, step) {
  const words = {}
  for (const [name, wanted] of Object.entries(headline.quantities)) words[name] = told(wanted, recordings, step) || '–'
  const found = Object.values(words)
  if (found.length && found.every(word => word === '–')) return headline.text.split(':')[0]
  return filledIn(headline.text, words)
}

// A number as the headline writes it, '' where it is not known; a share of nothing is told as what it is.
function told(wanted, recordings, step) {
  const parts = partsOf(wanted, recordings, step)
  if (parts === null) return ''
  if (parts[1] === 0) return `${numberText(parts[0])} of 0`
  if (wanted.names) return placesOf(recordings[wanted.variant], wanted.names)[parts[0]]
  const value = quantity(wanted, recordings, step)
  return value === null ? '' : FORMS[wanted.form](value)
}

// A line of one number, as networks have before their first update, would not be seen: it is drawn as a mark, an open one where
// the line is not solid.
export function marked(trace) {
  const { mode, fill, line, y } = trace
  if (mode !== 'lines' || fill || line?.width === 0 || (y ?? []).filter(value => value !== null).length !== 1) return trace
  const symbol = (line.dash ?? 'solid') === 'solid' ? 'circle' : 'circle-open'
  return { ...trace, mode: 'markers', marker: { size: 8, symbol, color: line.color } }
}

// Axes that nothing is drawn on would be made up. Those that are not, and a sentence where there are no others.
// Whether every recording has such values in the column that a Given's stand for.
export function isRecorded(values, column, recordings, step) {
  const all = Object.values(recordings)
  if (!all.length || !all.every(recording => recording.columns[column])) return false
  return all.every(recording => {
    const row = [at(recording, column, step)].flat(2)
    return row.length === values.length && row.every((value, place) => isSame(value, values[place]))
  })
}

const SAME = 1e-4 // how near to each other values are the same, though one was float32 and rounded
const isSame = (one, other) => one !== null && other !== null && Math.abs(one - other) <= SAME

export function emptyAreas(traces, layout, needs) {
  const areas = traces.map(({ xaxis = 'x', yaxis = 'y' }) => [xaxis, yaxis].map(name => `${name[0]}axis${name.slice(1)}`))
  const isNumber = value => value !== null
  const isDrawn = (trace, place) => holds(trace, layout[areas[place][1]]?.type === 'log' ? value => value > 0 : isNumber)
  const used = new Set(traces.flatMap((trace, place) => (isDrawn(trace, place) ? areas[place] : [])))
  const zeros = !used.size && traces.some(trace => holds(trace, isNumber))
  return { axes: [...new Set(areas.flat())].filter(axis => !used.has(axis)), sentence: used.size ? '' : zeros ? ZEROS : needs }
}

const MAPS = ['heatmap', 'contour']
const ZEROS = 'All numbers are 0 here, and a logarithmic axis has no place for 0.'
const holds = ({ type, y, z }, fits) => (MAPS.includes(type) ? (z ?? []).some(row => row.some(fits)) : (y ?? []).some(fits))

// The sentence of a picked layer; null where the variant has no such layer or has not measured it.
export function detailText(template, recording, layer, step) {
  if (!recording || layer >= recording.layers.length) return null
  const words = { layer: recording.layers[layer] }
  for (const [, name] of template.matchAll(/\{(\w+)\}/g)) {
    if (name === 'layer') continue
    if (!recording.columns[name]) return null
    const value = [at(recording, name, step)].flat()
    words[name] = numberText(number(value.length > 1 ? value[layer] : value[0]))
  }
  return filledIn(template, words)
}

const filledIn = (template, words) => template.replace(/\{(\w+)\}/g, (whole, name) => words[name] ?? whole)
