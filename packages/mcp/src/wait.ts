// Waiting for what the workspace does in the background.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Operation, readOperation } from '@lakelet/api'
import { ToolError } from './problem.ts'
import type { ToolContext } from './tool.ts'

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 2000
/** An agent that waits longer believes that it failed; what takes longer goes on. */
const LONGEST_WAIT_MS = 10 * 60_000

/** Asks until `ask` gives a value. Throws a ToolError after ten minutes, and where the signal is aborted. */
export async function until<T>(
  ask: () => Promise<T | undefined>,
  signal: AbortSignal,
  goesOn: string,
): Promise<T> {
  const deadline = performance.now() + LONGEST_WAIT_MS
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)) {
    const value = await ask()
    if (value !== undefined) return value
    if (performance.now() + pause > deadline)
      throw new ToolError(`It takes longer than ten minutes and goes on. ${goesOn}`)
    await sleep(pause, undefined, { signal })
  }
}

/** The response of an operation when it is done; throws a ToolError with its error. */
export async function done<T>(
  { client, signal, progress }: Pick<ToolContext, 'client' | 'signal' | 'progress'>,
  started: Omit<Operation, 'response'> & { readonly response?: T | undefined },
): Promise<T | undefined> {
  const ended = await until(
    async () => {
      const now = await readOperation(client, started.name, signal)
      if (!now) throw new ToolError('The workspace answered with an operation that has no name.')
      const { progress_message: message } = now.metadata
      if (message !== undefined) progress(message)
      return now.done ? now : undefined
    },
    signal,
    'list_operations shows how far it is.',
  )
  if (ended.error) throw new ToolError('It failed; the data says why.', { error: ended.error.message })
  // The response of the operation that was started.
  return ended.response as T | undefined
}
