// What goes wrong, as an agent can use it: what, and what to do. Words of the workspace may quote names that others chose, so they are data.
import { ApiError } from '@lakelet/api'
import type { Answer } from './answer.ts'

/** A failure in the server's own words. */
export class ToolError extends Error {
  override readonly name = 'ToolError'
  readonly data: unknown

  /** `message` holds nothing that came from the workspace; that goes into `data`. */
  constructor(message: string, data?: unknown, options?: ErrorOptions) {
    super(message, options)
    this.data = data
  }
}

/** What to do about an answer of the API, by its status. */
const TODO: Readonly<Record<number, string>> = {
  400: 'Mend the input and call again.',
  401: 'Who is signed in is not known to the workspace any more: the person has to sign in again.',
  403: 'Who is signed in may not do that. Do not look for another way; tell the person.',
  404: 'There is none of that name, or it may not be seen. list_projects and list_branches show the names.',
  409: 'It is not in the state for that, or something else is under way; look at it, wait, and try again.',
  429: 'Too much at once; wait and try again.',
}

/** How `error` is told. */
export function problemOf(error: unknown): Answer {
  if (error instanceof ToolError) return { text: error.message, data: error.data }
  if (error instanceof ApiError) {
    const todo = TODO[error.status] ?? 'The reason is in the data.'
    return {
      text: `The workspace refused (${error.status} ${code(error.errorCode)}). ${todo}`,
      data: { error: error.message, ...todoOf(error) },
    }
  }
  if (error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError'))
    return { text: 'The call was cancelled before it ended.' }
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : undefined
  const message = error instanceof Error ? error.message : String(error)
  return {
    text: "The workspace cannot be reached. Is it running? A person starts it with 'lakelet up'.",
    data: { error: message, ...todoOf(error), ...(cause === undefined ? {} : { cause }) },
  }
}

/** The command line's failures say what to do. */
function todoOf(error: unknown): { readonly what_to_do?: string } {
  const { todo } = error as { readonly todo?: unknown }
  return typeof todo === 'string' ? { what_to_do: todo } : {}
}

/** An error code is a word of capitals; anything else answers at that address. */
function code(text: string): string {
  return /^[A-Z_]{1,60}$/.test(text) ? text : 'unknown'
}
