// Places where a test can stop the world: before and after each step of each operation, named
// `<kind>.<step>.before` and `<kind>.<step>.after`; for undoing, `<kind>.<step>.undo`; at the end, `<kind>.complete`.
// LAKELET_FAILPOINT=<name> makes the server kill itself there with SIGKILL, as a power failure would.

/** Called at each such place. */
export type Failpoint = (name: string) => void | Promise<void>

/** The failpoint that kills this process at `name`; for `undefined` one that does nothing. */
export function killAt(name: string | undefined): Failpoint {
  return (reached) => {
    if (reached === name) process.kill(process.pid, 'SIGKILL')
  }
}
