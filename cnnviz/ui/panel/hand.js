// Curves in the learner's hand: a chart's target moves with the hand, before the page's script knows of it.

const curves = new Map() // heights at even distances, by the setting that they are of
const listeners = new Set()

export function hold(setting, heights) {
  curves.set(setting, heights)
  listeners.forEach(listener => listener())
}

export function letGo(setting) {
  curves.delete(setting)
  listeners.forEach(listener => listener())
}

// Returns the function that ends it.
export function follow(listener) {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

// So many heights at even distances along the curve, joined by lines; undefined where no curve of this setting is on the page.
export function heightsOf(setting, count) {
  const heights = curves.get(setting)
  if (!heights) return undefined
  return Array.from({ length: count }, (_, index) => {
    const place = (index / (count - 1)) * (heights.length - 1)
    const left = Math.min(Math.floor(place), heights.length - 2)
    return heights[left] + (place - left) * (heights[left + 1] - heights[left])
  })
}
