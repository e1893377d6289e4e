// The run of a page that its tab remembers, so that a reload finds it again.

const key = page => `cnnviz.run.${page}`

export function remembered(page) {
  try {
    return JSON.parse(sessionStorage.getItem(key(page)))
  } catch {
    return null
  }
}

export function remember(page, run, token) {
  sessionStorage.setItem(key(page), JSON.stringify({ run, token }))
}

export function forget(page) {
  sessionStorage.removeItem(key(page))
}
