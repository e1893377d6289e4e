// The labels of logarithmic axes, by what Plotly would write: the same as LABELS of plots/log_ticks.py, and changed together with it.

import { wholeText } from './numbers.js'

const LABELLED = [1, 2, 5]
const PLAIN = 3 // numbers from 10⁻³ to 5 × 10³ are written out
const POWERS = range(-46, 38)
const FRACTIONED = [...range(-12, -4), ...range(6, 9)]

export const LABELS = {}

for (const exponent of POWERS) {
  LABELS[`1.0${e(exponent)}`] = power(1, exponent)
  for (const digit of range(1, 9)) LABELS[`${digit}.00${e(exponent)}`] = LABELLED.includes(digit) ? power(digit, exponent) : ''
}
for (const exponent of FRACTIONED) {
  for (const tenths of range(10, 99)) LABELS[fraction(tenths, exponent)] = power(tenths / 10, exponent)
}

function e(exponent) {
  return `e${exponent < 0 ? '−' : '+'}${Math.abs(exponent)}`
}

function fraction(tenths, exponent) {
  if (-7 < exponent && exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${tenths}`.replace(/0$/, '')
  return `${tenths / 10}${e(exponent)}`
}

function power(mantissa, exponent) {
  if (exponent >= 0 && exponent <= PLAIN) return wholeText(mantissa * 10 ** exponent)
  if (exponent < 0 && exponent >= -PLAIN) return (mantissa / 10 ** -exponent).toFixed(-exponent)
  return `${mantissa === 1 ? '' : `${mantissa}×`}10<sup>${String(exponent).replace('-', '−')}</sup>`
}

function range(first, last) {
  return Array.from({ length: last - first + 1 }, (_, place) => first + place)
}
