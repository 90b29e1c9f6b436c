// A fresh backend for a session that was parked, and what its client is told where there can be none.
import { encodeErrorResponse, encodeParameterStatus } from '@lakelet/wire'
import { LakeletError } from '../../base/errors.ts'
import { type Backend, BackendRefusedError } from '../connect-compute.ts'
import type { RoleFacts } from '../control.ts'
import { fatal, refusalOf } from '../refusal.ts'
import type { BackendState } from './backend-state.ts'
import { BackendGoneError, Conversation } from './conversation.ts'
import { loadAgain } from './libraries.ts'
import type { Recipe } from './prover.ts'
import { replay, ReplayError } from './replay.ts'

const NOTIFICATION = 'A'.charCodeAt(0)

/** What is kept of a session. */
export interface Parked {
  readonly state: Omit<BackendState, 'fingerprint'>
  readonly recipe: Recipe
  readonly unnamed: Buffer | undefined
  readonly role: RoleFacts
}

/** Makes a fresh backend like the one that was. */
export async function restore(
  { state, recipe, unnamed }: Parked,
  backend: Backend,
  signal: AbortSignal,
  untilOthersAreBack: () => Promise<void>,
): Promise<{ readonly news: Buffer; readonly rest: Buffer }> {
  const heard: Buffer[] = []
  const conversation = new Conversation(
    backend.connection,
    (message) => {
      if (message[0] === NOTIFICATION) heard.push(message)
    },
    backend.rest,
  )
  const login = await conversation.ask(Buffer.alloc(0), signal)
  await loadAgain(conversation, recipe.loaders, signal)
  const start = new Map([...backend.parameters, ...login.parameters])
  const reported = await replay(conversation, state, start, {
    ...recipe.variant,
    listens: true,
    unnamed,
    signal,
  })
  await untilOthersAreBack()
  if (backend.connection.socket.destroyed) throw new BackendGoneError()
  const changed = [...reported].filter(([name, value]) => state.reported[name] !== value)
  const news = changed.map(([name, value]) => encodeParameterStatus(name, value))
  return { rest: conversation.release(), news: Buffer.concat([...news, ...heard]) }
}

/** The last words to the client. */
export function farewell(error: unknown, session: string): Buffer {
  // As it is said to a session that runs: without what came before it in the login.
  if (error instanceof BackendRefusedError) return encodeErrorResponse(error.fields)
  if (error instanceof ReplayError)
    return fatal(new LakeletError('session_not_resumed', { reason: error.message }, { cause: error }))
  return fatal(refusalOf(error, session))
}
