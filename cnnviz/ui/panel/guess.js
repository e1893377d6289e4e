// A learner's guesses, kept by the browser: a reload, or another visit, finds them again.

import { kept, keep } from './memory.js'

const NAME = 'cnnviz.guesses'
const local = () => localStorage // where storage is denied, its very name throws
const before = new WeakMap()

export function mount({ data, parentElement, setStateValue }) {
  const guesses = kept(local, NAME) ?? {}
  const first = !before.has(parentElement)
  before.set(parentElement, data.guess)
  if (first && data.guess === null && guesses[data.key]) {
    setStateValue('remembered', guesses[data.key])
  } else if (guesses[data.key] !== data.guess && !(first && data.guess === null)) {
    keep(local, NAME, { ...guesses, [data.key]: data.guess })
  }
  return () => {}
}
