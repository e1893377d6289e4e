// A panel outlives its place: where a page's shape changes, as when the page begins to carry the panel's messages or meets a
// restarted server, Streamlit takes the place away and puts up another one for the same panel.

const PATIENCE = 500 // ms until a panel whose place is gone is ended

// make(place): a panel with update(component), move(place) and close(). Returns the component's `mount`, which is called at every
// rerun of the page's script with new data; the function that it returns is called when the place goes.
export function staying(make) {
  const panels = new Map() // by the page that they belong to: {panel, place, leaving}
  return component => {
    const { parentElement: place, data: { page } } = component
    if (!panels.has(page)) panels.set(page, { panel: make(place) })
    const stay = panels.get(page)
    clearTimeout(stay.leaving)
    stay.place = place
    stay.panel.move(place)
    stay.panel.update(component)
    return () => {
      if (stay.place !== place) return
      stay.leaving = setTimeout(() => {
        panels.delete(page)
        stay.panel.close()
      }, PATIENCE)
    }
  }
}
