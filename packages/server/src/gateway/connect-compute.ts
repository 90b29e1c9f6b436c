// From "authenticated" to a backend that is ready: wake, dial, forward the startup packet. A compute that is starting,
// stopping or gone in between (57P03, refused, closed early) is waited for and woken again; a client is never refused for it.
import { decodeBackendMessage, encodePassword, MessageFramer, type NoticeFields } from '@lakelet/wire'
import type { Clock } from '../base/clock.ts'
import { isLakeletError, LakeletError } from '../base/errors.ts'
import { type BackendSocket, openBackendSocket } from './backend-socket.ts'
import type { CancelTarget } from './cancel-keys.ts'
import type { BackendAddress } from './control.ts'

/** A backend that accepted the login. */
export interface Backend {
  readonly connection: BackendSocket
  /** Messages before BackendKeyData as they came: AuthenticationOk, ParameterStatus, notices. */
  readonly head: Buffer
  /** What it reported in them. */
  readonly parameters: ReadonlyMap<string, string>
  readonly key: CancelTarget
  /** Bytes behind BackendKeyData that came along with it. */
  readonly rest: Buffer
}

type Attempt =
  | { readonly outcome: 'ready'; readonly backend: Backend }
  /** The server's own ErrorResponse, to be passed on as it is. */
  | { readonly outcome: 'refused'; readonly bytes: Buffer; readonly fields: NoticeFields }
  | { readonly outcome: 'gone' }
  /** It does not behave as Postgres does; `reason` says how. */
  | { readonly outcome: 'broken'; readonly reason: string }

/** The server refused the login itself; `bytes` is everything it sent, ErrorResponse included. */
export class BackendRefusedError extends Error {
  override readonly name = 'BackendRefusedError'
  readonly bytes: Buffer
  readonly fields: NoticeFields

  constructor(bytes: Buffer, fields: NoticeFields) {
    super(fields.message ?? 'the server refused the connection')
    this.bytes = bytes
    this.fields = fields
  }
}

/** cannot_connect_now while starting, stopping or recovering; admin_shutdown and crash_shutdown while it goes down. */
const PASSING_STATES = new Set(['57P03', '57P01', '57P02'])
/** All that a server may send until it is ready, and the longest message in it: Postgres sends about 500 bytes. */
const MOST_LOGIN_BYTES = 1024 * 1024
const FIRST_PAUSE_MS = 5
const LONGEST_PAUSE_MS = 100

export interface ConnectRequest {
  readonly wake: (signal: AbortSignal) => Promise<BackendAddress>
  /** Last checks on the awake compute. A LakeletError ends the attempt; with any other error the compute counts as gone. */
  readonly check: (signal: AbortSignal) => Promise<void>
  readonly startupPacket: Buffer
  readonly clock: Clock
  /** How long the compute may take for one login. */
  readonly loginTimeoutMs: number
  /** Aborted when the client leaves or time is up; then nothing of the attempt remains. */
  readonly signal: AbortSignal
}

/** Throws the error of `wake`, the reason of the abort, BackendRefusedError, or LakeletError `compute_unreachable`. */
export async function connectCompute(request: ConnectRequest): Promise<Backend> {
  const { clock, signal } = request
  let pause = FIRST_PAUSE_MS
  for (;;) {
    const compute = await request.wake(signal)
    signal.throwIfAborted()
    const attempt = await checkAndTry(compute, request)
    if (attempt.outcome === 'ready') return attempt.backend
    if (attempt.outcome === 'broken')
      throw new LakeletError('compute_unreachable', { reason: attempt.reason })
    if (attempt.outcome === 'refused' && !PASSING_STATES.has(attempt.fields.code ?? '')) {
      throw new BackendRefusedError(attempt.bytes, attempt.fields)
    }
    await clock.sleep(pause, signal)
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS)
  }
}

async function checkAndTry(
  compute: BackendAddress,
  { check, startupPacket, signal, clock, loginTimeoutMs }: ConnectRequest,
): Promise<Attempt> {
  try {
    await check(signal)
  } catch (error) {
    signal.throwIfAborted()
    if (isLakeletError(error)) throw error
    return { outcome: 'gone' }
  }
  const met = new AbortController()
  const silent = clock.sleep(loginTimeoutMs, met.signal).then(
    () => met.abort(),
    () => {},
  )
  try {
    return await tryBackend(compute, startupPacket, AbortSignal.any([signal, met.signal]))
  } catch (error) {
    if (signal.aborted || !met.signal.aborted) throw error
    const reason = `it takes connections but did not answer within ${loginTimeoutMs / 1000} s`
    return { outcome: 'broken', reason }
  } finally {
    met.abort()
    await silent
  }
}

/** One dial. The socket is closed unless the outcome is `ready`. */
async function tryBackend(
  address: BackendAddress,
  startupPacket: Buffer,
  signal: AbortSignal,
): Promise<Attempt> {
  const { promise, resolve } = Promise.withResolvers<Attempt>()
  const framer = new MessageFramer({ maxLength: MOST_LOGIN_BYTES })
  const head: LoginHead = { messages: [], parameters: new Map() }
  const connection = openBackendSocket(address.unix, (chunk, giveBack) => {
    framer.push(Buffer.from(chunk))
    giveBack()
    const attempt = readLoginSafely(framer, head, { address, connection: () => connection })
    if (attempt) resolve(attempt)
    // Nobody takes bytes between the last message of the login and the start of the relay.
    return attempt === undefined
  })
  const { socket } = connection
  const onClose = () => resolve({ outcome: 'gone' })
  const onAbort = () => socket.destroy()
  // An error is followed by `close`.
  socket.on('error', () => {})
  socket.once('end', onClose)
  socket.once('close', onClose)
  signal.addEventListener('abort', onAbort, { once: true })
  socket.write(startupPacket)
  try {
    const attempt = await promise
    if (attempt.outcome !== 'ready' || signal.aborted) socket.destroy()
    signal.throwIfAborted()
    return attempt
  } finally {
    signal.removeEventListener('abort', onAbort)
    socket.off('end', onClose)
    socket.off('close', onClose)
  }
}

interface LoginHead {
  readonly messages: Buffer[]
  readonly parameters: Map<string, string>
}

interface LoginContext {
  readonly address: BackendAddress
  readonly connection: () => BackendSocket
}

/** Called by the socket itself: what is thrown here would be nobody's. */
function readLoginSafely(framer: MessageFramer, head: LoginHead, context: LoginContext): Attempt | undefined {
  try {
    const attempt = readLogin(framer, head, context)
    const length = framer.buffered + head.messages.reduce((sum, each) => sum + each.length, 0)
    return attempt === undefined && length > MOST_LOGIN_BYTES
      ? { outcome: 'broken', reason: `it sent more than ${MOST_LOGIN_BYTES} bytes before it was ready` }
      : attempt
  } catch (error) {
    return { outcome: 'broken', reason: `what it sent cannot be read: ${(error as Error).message}` }
  }
}

function readLogin(framer: MessageFramer, head: LoginHead, context: LoginContext): Attempt | undefined {
  for (const message of framer.messages()) {
    const decoded = decodeBackendMessage(message)
    if (decoded.type === 'backendKeyData') {
      const key = {
        address: context.address,
        processId: decoded.processId,
        secret: Buffer.from(decoded.secret),
      }
      const backend = {
        connection: context.connection(),
        head: Buffer.concat(head.messages),
        parameters: head.parameters,
        key,
        rest: framer.takeRest(),
      }
      return { outcome: 'ready', backend }
    }
    if (decoded.type === 'authenticationCleartextPassword' && context.address.password !== undefined) {
      // Between the gateway and the compute: the client has shown who it is.
      context.connection().socket.write(encodePassword(context.address.password))
      continue
    }
    if (decoded.type === 'parameterStatus') head.parameters.set(decoded.name, decoded.value)
    head.messages.push(rawBytes(message.type, message.body))
    if (decoded.type === 'errorResponse')
      return { outcome: 'refused', bytes: Buffer.concat(head.messages), fields: decoded.fields }
  }
  return undefined
}

function rawBytes(type: number, body: Buffer): Buffer {
  const header = Buffer.alloc(5)
  header[0] = type
  header.writeUInt32BE(body.length + 4, 1)
  return Buffer.concat([header, body])
}
