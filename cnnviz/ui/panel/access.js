// What a keyboard and a screen reader need of markup that is Streamlit's or Plotly's own.

const SETTLE = 200 // ms without a change before the page is looked at again
const SCROLLING = {
  '.katex-display': 'Formula, scrolls sideways',
  '[data-testid="stMarkdownContainer"]': 'Table, scrolls sideways',
  '[data-testid="stVerticalBlock"]': 'Scrolls',
  '[data-testid="stCode"] pre': 'Code, scrolls',
}

// Looks after the page for as long as it is mounted.
export function mount() {
  let due = null
  let main = null
  const page = document.documentElement
  const look = () => {
    due = null
    stretch()
    sections()
    headings()
    for (const [selector, words] of Object.entries(SCROLLING)) document.querySelectorAll(selector).forEach(node => reach(node, words))
    page.dataset.access = 'done'
  }
  const later = () => {
    page.dataset.access = 'due'
    due ??= setTimeout(look, SETTLE)
  }
  // The window keeps its size where the sidebar opens or closes.
  const sizes = new ResizeObserver(later)
  const stretch = () => {
    const now = document.querySelector('[data-testid="stMain"]')
    if (now === main) return
    sizes.disconnect()
    if (now) sizes.observe(now)
    main = now
  }
  const observer = new MutationObserver(changes => changes.every(({ target }) => target.closest('.cnnviz-panel')) || later())
  observer.observe(document.body, { childList: true, subtree: true })
  window.addEventListener('resize', later)
  document.fonts.addEventListener('loadingdone', later) // formulas grow when their letters come
  later()
  return () => {
    clearTimeout(due)
    observer.disconnect()
    sizes.disconnect()
    window.removeEventListener('resize', later)
    document.fonts.removeEventListener('loadingdone', later)
  }
}

// The list of pages holds sections where a list may hold items only: each section is a list of its own.
function sections() {
  const all = document.querySelector('[data-testid="stSidebarNavItems"]')
  if (!all) return
  all.setAttribute('role', 'none')
  for (const part of all.children) {
    const header = part.querySelector('[data-testid="stNavSectionHeader"]')
    part.setAttribute('role', header ? 'list' : 'none')
    if (!header) continue
    part.setAttribute('aria-label', header.querySelector('p')?.textContent ?? '')
    part.querySelectorAll('li').forEach(item => item.setAttribute('role', 'listitem'))
  }
}

// A page's parts follow its title: Streamlit's subheader is of the third level.
function headings() {
  document.querySelectorAll('[data-testid="stHeading"] h3').forEach(heading => heading.setAttribute('aria-level', 2))
}

// What scrolls can be scrolled with the arrow keys.
function reach(node, words) {
  const overflow = getComputedStyle(node)
  const hidden = (size, room, way) => size > room + 1 && ['auto', 'scroll'].includes(way)
  const scrolls =
    hidden(node.scrollWidth, node.clientWidth, overflow.overflowX) || hidden(node.scrollHeight, node.clientHeight, overflow.overflowY)
  if (scrolls === node.hasAttribute('data-scrolls')) return
  node.toggleAttribute('data-scrolls', scrolls)
  if (scrolls) dress(node, { tabindex: 0, role: 'group', 'aria-label': words })
  else for (const name of ['tabindex', 'role', 'aria-label']) node.removeAttribute(name)
}

// What kind of panel it is, for the eye and for the ear: a page may have several.
export function name(root, { instant, part }) {
  root.classList.toggle('cnnviz-instant', instant)
  root.classList.toggle('cnnviz-part', !!part)
  root.setAttribute('aria-label', part ? `Live panel: ${part}` : 'Live panel')
}

// A chart is one picture, in these words. Its buttons are one stop of the Tab key; the arrow keys go from one to the next.
export function tell(chart, words) {
  const [picture, ...layers] = chart.querySelectorAll('.main-svg')
  if (!picture) return
  dress(picture, { role: 'img', 'aria-label': words })
  layers.forEach(layer => layer.setAttribute('aria-hidden', true))
  const bar = chart.querySelector('.modebar')
  const buttons = bar ? [...bar.querySelectorAll('.modebar-btn')] : []
  if (buttons.filter(button => button.tabIndex === 0).length < 2) return
  bar.setAttribute('aria-label', 'Chart tools')
  buttons.forEach((button, place) => (button.tabIndex = place ? -1 : 0))
  bar.onkeydown = event => {
    const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
    if (!move) return
    event.preventDefault()
    event.stopPropagation()
    const next = buttons[(buttons.indexOf(document.activeElement) + move + buttons.length) % buttons.length]
    buttons.forEach(button => (button.tabIndex = button === next ? 0 : -1))
    next.focus()
  }
}

export function dress(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value)
}
