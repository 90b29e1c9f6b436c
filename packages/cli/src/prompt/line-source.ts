// Where a prompt gets its lines: from a person, or from a file.
import { open } from 'node:fs/promises'
import { Failure, exitCodes } from '../command/failure.ts'

/** `interrupt`: the person gave up what was typed so far. `end`: nothing more comes. */
export type Line =
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'interrupt' }
  | { readonly kind: 'end' }

export interface LineSource {
  /** The next line; `prompt` is what a person sees before it. */
  next(prompt: string): Promise<Line>
  /** Where the line that came last stands, for messages: `schema.sql:12`; absent for a person. */
  readonly place?: string
  /** Whether a person types. */
  readonly isTyped: boolean
}

/** The lines of a file; throws a Failure when it cannot be read. */
export async function openFileLines(file: string, shown: string): Promise<LineSource & AsyncDisposable> {
  const handle = await open(file).catch((cause: unknown) => {
    throw new Failure(`${shown} cannot be read (${reasonOf(cause)}).`, { exitCode: exitCodes.usage, cause })
  })
  const lines = handle.readLines()[Symbol.asyncIterator]()
  let count = 0
  return {
    isTyped: false,
    get place() {
      return `${shown}:${count}`
    },
    async next() {
      const { done, value } = await lines.next()
      if (done) return { kind: 'end' }
      count += 1
      return { kind: 'line', text: value }
    },
    [Symbol.asyncDispose]: () => handle.close(),
  }
}

/** The code of a system's error, else its message. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}
