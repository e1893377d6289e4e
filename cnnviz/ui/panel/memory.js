// What the browser keeps for a page. Where it keeps nothing, as some are set to, each visit is a first one.

const session = () => sessionStorage // where storage is denied, its very name throws
const key = page => `cnnviz.run.${page}`

// storage(): where from; null for what is not there or can't be read.
export function kept(storage, name) {
  try {
    return JSON.parse(storage().getItem(name))
  } catch {
    return null
  }
}

export function keep(storage, name, value) {
  try {
    if (value === null) storage().removeItem(name)
    else storage().setItem(name, JSON.stringify(value))
  } catch {
    // full, or denied: the page works as well
  }
}

// The run of a page that its tab remembers, so that a reload finds it again.
export const remembered = page => kept(session, key(page))
export const remember = (page, run, token) => keep(session, key(page), { run, token })
export const forget = page => keep(session, key(page), null)
