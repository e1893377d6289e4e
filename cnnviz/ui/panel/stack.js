// Plot areas that stand side by side, one a variant, come to stand one below the other where a page is too narrow for them.

const ONE_COLUMN = 640 // pixels of a page's charts; above it cards stand side by side too, and have one height
const NARROW = 200 // pixels of the page for each area; below it nobody can read a map
const AREA = 200 // pixels of a plot area's height in a stack
const GAP = 56 // pixels between two: the ticks of one and the head of the next

export function isStacked(layout, width) {
  const beside = layout.meta?.beside ?? 1
  return beside > 1 && width > 0 && width < Math.min(ONE_COLUMN, beside * NARROW)
}

export function stackHeight({ meta, margin }) {
  return inner(meta.beside) + margin.t + margin.b
}

// The same layout with its areas from top to bottom. What stood above or below one area goes with it.
export function stacked(layout) {
  const count = layout.meta.beside
  const [area, step] = [AREA, AREA + GAP].map(pixels => pixels / inner(count))
  const result = { ...layout }
  const bottoms = {}
  for (let place = 0; place < count; place++) {
    const number = place ? String(place + 1) : ''
    const bottom = (bottoms[`x${number} domain`] = Math.max(0, 1 - area - place * step))
    result[`xaxis${number}`] = { ...layout[`xaxis${number}`], domain: [0, 1] }
    result[`yaxis${number}`] = { ...layout[`yaxis${number}`], domain: [bottom, bottom + area], showticklabels: true, title: layout.yaxis.title }
  }
  result.annotations = layout.annotations?.map(note => {
    const bottom = bottoms[note.xref]
    return bottom === undefined || note.yref !== 'paper' ? note : { ...note, y: bottom + area * note.y }
  })
  return result
}

const inner = count => count * AREA + (count - 1) * GAP
