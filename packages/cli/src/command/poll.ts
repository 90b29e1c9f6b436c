// Waiting for something on the server: ask, pause, ask again, with pauses that grow.
import { setTimeout as sleep } from 'node:timers/promises'
import { Failure, exitCodes } from './failure.ts'

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 2000

/** Asks until `ask` gives a value; fails after `timeoutMs` with what was waited for. */
export async function poll<T>(
  ask: () => Promise<T | undefined>,
  options: {
    readonly what: string
    /** How to see what becomes of it when nobody waits any more. */
    readonly goesOn?: string
    readonly timeoutMs: number
    readonly signal: AbortSignal
  },
): Promise<T> {
  const deadline = performance.now() + options.timeoutMs
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)) {
    const value = await untilInterrupted(ask(), options)
    if (value !== undefined) return value
    if (performance.now() + pause > deadline) {
      throw new Failure(`${options.what} took longer than ${Math.round(options.timeoutMs / 1000)} s.`, {
        exitCode: exitCodes.unavailable,
        todo: `It goes on without you; ${options.goesOn ?? '--timeout waits longer.'}`,
      })
    }
    await untilInterrupted(sleep(pause, undefined, { signal: options.signal }), options)
  }
}

/** Ctrl-C ends the wait and not what is waited for; that is said. */
async function untilInterrupted<T>(
  work: Promise<T>,
  { what, goesOn, signal }: { readonly what: string; readonly goesOn?: string; readonly signal: AbortSignal },
): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (!signal.aborted) throw error
    const [first = '', ...others] = what
    throw new Failure(`Interrupted while waiting for ${first.toLowerCase()}${others.join('')}; it goes on.`, {
      exitCode: exitCodes.interrupted,
      cause: error,
      ...(goesOn === undefined ? {} : { todo: goesOn }),
    })
  }
}
