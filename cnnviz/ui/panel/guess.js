// A learner's guesses, kept by the browser: a reload, or another visit, finds them again.

import { kept, keep } from './memory.js'

const NAME = 'cnnviz.guesses'
const before = new WeakMap()

export function mount({ data, parentElement, setStateValue }) {
  const guesses = kept(localStorageOrNone, NAME) ?? {}
  const first = !before.has(parentElement)
  before.set(parentElement, data.guess)
  if (first && data.guess === null && guesses[data.key]) {
    setStateValue('remembered', guesses[data.key])
  } else if (guesses[data.key] !== data.guess && !(first && data.guess === null)) {
    keep(localStorageOrNone, NAME, { ...guesses, [data.key]: data.guess })
  }
  return () => {}
}

const localStorageOrNone = () => localStorage
