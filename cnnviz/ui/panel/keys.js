// The panel's keys: space runs or pauses, the arrows look back and forth.

export function pressedKey(panel, event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input, select, textarea')) return
  const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
  if (event.key === ' ' && !event.target.closest('button')) panel.toolbar.main.click()
  else if (move && panel.view) panel.scrub(panel.index + move)
  else return
  event.preventDefault()
}
