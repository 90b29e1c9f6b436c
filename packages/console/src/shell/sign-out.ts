let isLeaving = false

/** Ends this browser's session, then goes to the sign-in page. Once, however often it is asked for: a second time would cancel the first. */
export function signOut(): void {
  if (isLeaving) return
  isLeaving = true
  const leave = () => location.assign('/sign-in')
  // Its answer leads there too; a server that is away says so by itself when the page is asked for.
  void fetch('/sign-out', { method: 'POST', redirect: 'manual' }).then(leave, leave)
}
