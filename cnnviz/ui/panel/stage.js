// How high a row of charts is: what the window leaves below the panel's controls, less the finding that stands under the charts.

const FINDING = 84 // pixels: a claim and its numbers
const LEAST = 280
const MOST = 640

// Sets --row on the grid whenever the window or what is above the grid in its panel changes; returns the function that ends it.
export function fillStage(root, grid) {
  const fill = () => {
    if (!grid.isConnected || !root.closest('.st-key-stage')) return
    const scrolled = root.closest('[data-testid=stMain]')?.scrollTop ?? 0
    const row = innerHeight - grid.getBoundingClientRect().top - scrolled - FINDING
    grid.style.setProperty('--row', `${Math.round(Math.min(Math.max(row, LEAST), MOST))}px`)
  }
  const resizing = new ResizeObserver(fill)
  resizing.observe(root)
  addEventListener('resize', fill)
  return () => {
    resizing.disconnect()
    removeEventListener('resize', fill)
  }
}
