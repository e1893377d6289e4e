// Numbers as people read them: 0.42, 12.3 k, 3.5 × 10⁻⁵. The same as plots/numbers.py, and changed together with it.

const RAISED = { '-': '⁻', 0: '⁰', 1: '¹', 2: '²', 3: '³', 4: '⁴', 5: '⁵', 6: '⁶', 7: '⁷', 8: '⁸', 9: '⁹' }

export function numberText(value) {
  if (Number.isNaN(value)) return 'not a number'
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞'
  const sign = value < 0 ? '−' : ''
  const size = Math.abs(value)
  if (size === 0) return '0'
  if (size < 9.995e-4 || size >= 9.995e8) return sign + powerText(size)
  if (size < 9999.5) return sign + three(size)
  if (size < 999500) return `${sign}${three(size / 1e3)} k`
  return `${sign}${three(size / 1e6)} M`
}

// How many times as much, as it is said: "3.88 million times", "12,300 times", "1/667,000".
export function timesText(factor) {
  if (!Number.isFinite(factor)) return numberText(factor)
  if (factor < 0) return `−${timesText(-factor)}`
  if (factor > 0 && factor < 0.00995 && 1 / factor < 999500) return `1/${long(1 / factor)}`
  if (factor < 9.995e-4 || factor >= 9.995e11) return `${numberText(factor)} times`
  for (const [size, word] of [[1e9, 'billion'], [1e6, 'million']]) {
    if (factor >= 0.9995 * size) return `${three(factor / size)} ${word} times`
  }
  return `${long(factor)} times`
}

export const percentText = fraction => `${numberText(100 * fraction)} %`

export const wholeText = value => fixed(value, 0).replace(/\B(?=(\d{3})+$)/g, ',')

function three(size) {
  if (size >= 999.5) return wholeText(size)
  const text = fixed(size, Math.max(2 - exponentOf(size), 0))
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}

const long = size => (size < 9999.5 ? numberText(size) : wholeText(Math.round(Number(three(size / 1e3)) * 1e3)))

function powerText(size) {
  let exponent = exponentOf(size)
  let mantissa = size / Number(`1e${exponent}`)
  if (Number(fixed(mantissa, 1)) >= 10) {
    mantissa /= 10
    exponent += 1
  }
  const raised = [...String(exponent)].map(digit => RAISED[digit]).join('')
  return `${fixed(mantissa, 1).replace(/\.0$/, '')} × 10${raised}`
}

const exponentOf = size => Number(size.toExponential().split('e')[1])

// Python rounds an exact half to the even digit, toFixed away from zero.
function fixed(value, digits) {
  const text = value.toFixed(digits)
  const exact = value.toFixed(Math.min(100, digits + 60))
  const tail = exact.slice(exact.indexOf('.') + 1 + digits)
  if (!/^50*$/.test(tail) || Number(text.at(-1)) % 2 === 0) return text
  return exact.slice(0, exact.length - tail.length).replace(/\.$/, '')
}
