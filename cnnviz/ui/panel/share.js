// The link with which others watch a run.

// Copies it where the browser allows that; the sentence that tells so, or that has the link to copy by hand.
export async function copied(run) {
  const link = new URL(location.href)
  link.searchParams.set('follow', `${run.id}.${run.view}`)
  try {
    await navigator.clipboard.writeText(link.href)
    return 'The follow link is copied: whoever opens it watches this run.'
  } catch {
    return `Copy this follow link: ${link.href}`
  }
}
