// The axes of images: Plotly's own choice of their ranges depends on what a chart showed before, if only nothing.

// Sets the ranges of the axes that keep an image's proportions to the whole of it. drawn: Plotly's
// own layout of the chart before, in which such an axis remembers its first range, and is lengthened where that was a shorter one.
export function showWholeImages(data, layout, drawn = {}) {
  for (const trace of data) {
    const yName = axisName(trace.yaxis ?? 'y')
    const xName = axisName(trace.xaxis ?? 'x')
    if (trace.type !== 'heatmap' || !layout[yName]?.scaleanchor || !trace.z?.length) continue
    const upsideDown = layout[yName].autorange === 'reversed'
    const rows = ends(trace.y ?? [...trace.z.keys()])
    layout[xName] = { ...layout[xName], autorange: false, range: ends(trace.x ?? [...trace.z[0].keys()]) }
    layout[yName] = { ...layout[yName], autorange: false, range: upsideDown ? rows.reverse() : rows }
    for (const name of [xName, yName]) if (drawn[name]) delete drawn[name]._inputRange
  }
}

const axisName = short => `${short[0]}axis${short.slice(1)}`

// Of evenly spaced places, half a step before the first and behind the last.
function ends(places) {
  const half = places.length > 1 ? (places[1] - places[0]) / 2 : 0.5
  return [places[0] - half, places.at(-1) + half]
}
