// The proxy's own login at the real Postgres behind it: trust, clear text or SCRAM.
import {
  MessageFramer,
  ScramClient,
  decodeBackendMessage,
  encodeCancelRequest,
  encodePassword,
  encodeSaslInitialResponse,
  encodeSaslResponse,
  encodeStartup,
} from '@lakelet/wire'
import type { RawMessage, StartupParameter } from '@lakelet/wire'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { Upstream } from './upstream-address.ts'

type First =
  | { readonly type: 'startup'; readonly parameters: readonly StartupParameter[] }
  | { readonly type: 'cancelRequest'; readonly processId: number; readonly secret: Buffer }

/** Connects, logs in, and gives the socket with what the server said from AuthenticationOk on. */
export async function openUpstream(
  upstream: Upstream,
  first: First,
): Promise<{ socket: Socket; bytes: Buffer }> {
  const { host, port } = upstream
  const socket = connect(
    host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port, noDelay: true },
  )
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  if (first.type === 'cancelRequest') {
    socket.on('error', () => {})
    socket.resume()
    socket.end(encodeCancelRequest(first.processId, first.secret))
    return { socket, bytes: Buffer.alloc(0) }
  }
  socket.write(encodeStartup(withUser(first.parameters, upstream.user)))
  return { socket, bytes: await logIn(socket, upstream.password ?? '') }
}

function withUser(
  parameters: readonly StartupParameter[],
  user: string | undefined,
): readonly StartupParameter[] {
  if (user === undefined) return parameters
  const rest = parameters.filter(({ name }) => name.toString() !== 'user')
  return [{ name: Buffer.from('user'), value: Buffer.from(user) }, ...rest]
}

/** Answers the challenges. An ErrorResponse is passed on like everything from AuthenticationOk on. */
async function logIn(socket: Socket, password: string): Promise<Buffer> {
  const framer = new MessageFramer()
  let scram: ScramClient | undefined
  for (;;) {
    const raw = await nextMessage(socket, framer)
    const message = decodeBackendMessage(raw)
    if (message.type === 'authenticationCleartextPassword') socket.write(encodePassword(password))
    else if (message.type === 'authenticationSasl') {
      scram = new ScramClient({ password, mechanisms: message.mechanisms })
      socket.write(encodeSaslInitialResponse(scram.mechanism, scram.start()))
    } else if (message.type === 'authenticationSaslContinue' && scram) {
      socket.write(encodeSaslResponse(await scram.respond(message.data)))
    } else if (message.type === 'authenticationSaslFinal') scram?.verify(message.data)
    else {
      const header = Buffer.alloc(5)
      header.writeUInt8(raw.type, 0)
      header.writeUInt32BE(raw.body.length + 4, 1)
      return Buffer.concat([header, raw.body, framer.takeRest()])
    }
  }
}

function nextMessage(socket: Socket, framer: MessageFramer): Promise<RawMessage> {
  return new Promise((resolve, reject) => {
    const ready = framer.next()
    if (ready) {
      resolve(ready)
      return
    }
    const finish = (action: () => void) => {
      socket.off('data', onData).off('error', onError).off('close', onClose)
      socket.pause()
      action()
    }
    const onError = (error: Error) => finish(() => reject(error))
    const onClose = () => onError(new Error('the Postgres behind the proxy hung up'))
    const onData = (chunk: Buffer) => {
      framer.push(chunk)
      const message = framer.next()
      if (message) finish(() => resolve(message))
    }
    // It was paused after the message before.
    socket.on('data', onData).on('error', onError).on('close', onClose).resume()
  })
}
