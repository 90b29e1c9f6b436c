// A backend that is given what another one tells of itself. Where both then use the same memory for settings, nothing was left untold.
import type { Clock } from '../../base/clock.ts'
import { connectCompute } from '../connect-compute.ts'
import type { BackendAddress } from '../control.ts'
import { type BackendState, readState } from './backend-state.ts'
import { Conversation } from './conversation.ts'
import { loadLibraries } from './libraries.ts'
import { replay, type Variant } from './replay.ts'

/** How to log in as the session did. */
export interface Entrance {
  readonly address: BackendAddress
  readonly startupPacket: Buffer
}

/** Disposing closes it. */
export interface Reference extends Disposable {
  readonly processId: number
  /** What loaded the libraries that the session had loaded. */
  readonly loaders: readonly string[]
  /** It tells of itself what the session told. */
  readonly isAlike: boolean
}

/** Rejects where the server lets nobody in, refuses what is said again or goes away. */
export async function buildReference(
  entrance: Entrance,
  wanted: { readonly state: BackendState; readonly names: readonly string[] },
  options: {
    readonly variant: Variant
    readonly clock: Clock
    readonly signal: AbortSignal
  },
): Promise<Reference> {
  const { clock, signal, variant } = options
  const { state, names } = wanted
  const backend = await connectCompute({
    wake: () => Promise.resolve(entrance.address),
    check: () => Promise.resolve(),
    startupPacket: entrance.startupPacket,
    clock,
    loginTimeoutMs: LOGIN_MS,
    signal,
  })
  const { socket } = backend.connection
  try {
    const conversation = new Conversation(backend.connection, () => {}, backend.rest)
    await conversation.ask(Buffer.alloc(0), signal)
    const loaders = await loadLibraries(conversation, state.prefixes, signal)
    await replay(conversation, state, backend.parameters, {
      ...variant,
      listens: false,
      unnamed: undefined,
      signal,
    })
    const reached = await readState(conversation, names, signal)
    return {
      processId: backend.key.processId,
      loaders,
      isAlike: reached?.fingerprint === state.fingerprint,
      [Symbol.dispose]: () => socket.destroy(),
    }
  } catch (error) {
    socket.destroy()
    throw error
  }
}

const LOGIN_MS = 2_000
