// A chart that is low: its letters are smaller, and an axis' title that is longer than the axis goes on in a second line.

const LOW = 270 // pixels of a chart's height; below it a title of some thirty letters does not fit beside its axis
const LETTER = 6.2 // pixels that a letter takes on average
const LINE = 14
const BELOW = 44 // pixels that ticks and a title take

export const isLow = chart => chart.clientHeight > 0 && chart.clientHeight < LOW

// The layout for a chart of that height.
export function fitted(layout, height) {
  const room = height - layout.margin.t - layout.margin.b
  const result = { ...layout, font: { ...layout.font, size: 12 } }
  let lines = 1
  for (const name of Object.keys(layout)) {
    const title = /^[xy]axis\d*$/.test(name) && layout[name].title
    if (!title?.text) continue
    const text = name[0] === 'y' && title.text.length * LETTER > room ? broken(title.text) : title.text
    if (text !== title.text) lines = 2
    result[name] = { ...layout[name], title: { ...title, text, font: { ...title.font, size: 12 } } }
  }
  const bottom = layout.coloraxis ? layout.margin.b : Math.min(layout.margin.b, BELOW)
  result.margin = { ...layout.margin, b: bottom, l: layout.margin.l + (lines - 1) * LINE }
  return result
}

// In two lines of about the same length.
function broken(text) {
  const places = [...text.matchAll(/ /g)].map(({ index }) => index)
  if (!places.length || text.includes('<')) return text
  const middle = places.reduce((best, place) => (Math.abs(place - text.length / 2) < Math.abs(best - text.length / 2) ? place : best))
  return `${text.slice(0, middle)}<br>${text.slice(middle + 1)}`
}
