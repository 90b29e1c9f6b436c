// Places where a test can stop the world: before and after each step of each operation, named
// `<kind>.<step>.before` and `<kind>.<step>.after`; for undoing, `<kind>.<step>.undo`; at the end, `<kind>.complete`.
// LAKELET_FAILPOINT=<name>=<action>,… arms some of them: `kill`, which is meant where no action is given, makes the server kill itself
// there with SIGKILL, as a power failure would; `error` makes what is done there fail.
import type { OperationKind } from './operation-kind.ts'

/** Called at each such place. */
export type Failpoint = (name: string) => void | Promise<void>

/** Every place that an operation of the kind comes by. One without steps is done in the transaction that stores it: it has none. */
export function failpointsOf<I extends object>({ name, steps }: OperationKind<I>): string[] {
  if (steps.length === 0) return []
  const places = steps.flatMap((step) => [
    `${name}.${step.name}.before`,
    `${name}.${step.name}.after`,
    ...(step.undo ? [`${name}.${step.name}.undo`] : []),
  ])
  return [...places, `${name}.complete`]
}

/** The failpoint that does what the text of LAKELET_FAILPOINT says; for `undefined` one that does nothing. */
export function failpointFrom(text: string | undefined): Failpoint {
  const actions = new Map(
    (text ?? '').split(',').map((each): [string, string] => {
      const [name = '', action = 'kill'] = each.split('=')
      return [name, action]
    }),
  )
  return (reached) => {
    const action = actions.get(reached)
    if (action === 'kill') process.kill(process.pid, 'SIGKILL')
    if (action === 'error') throw new Error(`LAKELET_FAILPOINT makes ${reached} fail`)
  }
}
