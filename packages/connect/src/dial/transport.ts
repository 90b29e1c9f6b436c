// One TCP connection with TLS on it, certificate verified, nothing of ours sent before that.
import { encodeSslRequest } from '@lakelet/wire'
import type { Socket } from 'node:net'
import { abortReason } from '../clock.ts'
import { LakebaseError, codeOf, messageOf } from '../errors.ts'
import { isCertificateFailure, tlsConnectOptions } from './tls.ts'
import type { TlsOptions } from './tls.ts'

export interface Address {
  readonly host: string
  readonly port: number
}

export interface TransportOptions extends Address {
  readonly tls: TlsOptions
  /** Aborting it destroys the socket, at any stage. */
  readonly signal: AbortSignal
  readonly onPhase: (phase: 'connect' | 'tls') => void
}

/** Opens the connection, or rejects and leaves nothing behind. Names with several addresses are tried in turn (RFC 8305). */
export async function openTransport({ host, port, tls, signal, onPhase }: TransportOptions): Promise<Socket> {
  const [{ connect: tcpConnect }, { connect: tlsConnect }] = await Promise.all([
    import('node:net'),
    import('node:tls'),
  ])
  if (signal.aborted) throw abortReason(signal)
  onPhase('connect')
  const path = host.startsWith('/')
    ? { path: `${host}/.s.PGSQL.${port}` }
    : { host, port, autoSelectFamily: true }
  const socket = tcpConnect({ ...path, noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 })
  // An error between two listeners, as when the time is up at the very moment of success, must not end the process.
  socket.on('error', ignore)
  const stop = () => socket.destroy(abortReason(signal))
  signal.addEventListener('abort', stop, { once: true })
  try {
    await happens(socket, 'connect')
    if (tls.unsafePlaintext) return socket
    onPhase('tls')
    socket.write(encodeSslRequest())
    const answer = await firstByte(socket)
    if (answer !== 'S') {
      throw new LakebaseError(
        'TLS_NOT_OFFERED',
        `${host}:${port} ${answer === 'N' ? 'does not offer TLS' : 'did not answer as a Postgres server does'}; nothing was sent to it`,
      )
    }
    return await upgrade(tlsConnect, socket, { host, port, tls, signal })
  } catch (error) {
    socket.destroy()
    throw signal.aborted ? abortReason(signal) : error
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

async function upgrade(
  tlsConnect: typeof import('node:tls').connect,
  socket: Socket,
  { host, port, tls, signal }: Omit<TransportOptions, 'onPhase'>,
): Promise<Socket> {
  const secured = tlsConnect({ ...tlsConnectOptions(host, tls), socket })
  secured.on('error', ignore)
  const stop = () => secured.destroy(abortReason(signal))
  signal.addEventListener('abort', stop, { once: true })
  try {
    await happens(secured, 'secureConnect')
    if (signal.aborted) throw abortReason(signal)
    return secured
  } catch (error) {
    secured.destroy()
    if (!isCertificateFailure(error)) throw error
    throw new LakebaseError(
      'CERTIFICATE_REFUSED',
      `${host}:${port} could not prove that it is ${tls.serverName ?? host} (${codeOf(error)}: ${messageOf(error)}); nothing was sent to it. For a private CA set PGSSLROOTCERT to its file.`,
      { cause: error },
    )
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

function happens(socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (action: () => void) => {
      socket.off(event, onEvent).off('error', onError).off('close', onClose)
      action()
    }
    const onEvent = () => finish(resolve)
    const onError = (error: Error) => finish(() => reject(error))
    const onClose = () => onError(closedEarly())
    socket.on(event, onEvent).on('error', onError).on('close', onClose)
  })
}

/** The one byte that answers an SSLRequest. More than one before TLS means that somebody injects data (CVE-2021-23222). */
function firstByte(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    const finish = (action: () => void) => {
      socket.off('data', onData).off('error', onError).off('close', onClose).off('end', onClose)
      socket.pause()
      action()
    }
    const onData = (chunk: Buffer) =>
      finish(() => resolve(chunk.length === 1 ? chunk.toString('latin1') : '?'))
    const onError = (error: Error) => finish(() => reject(error))
    const onClose = () => onError(closedEarly())
    socket.on('data', onData).on('error', onError).on('close', onClose).on('end', onClose)
  })
}

function closedEarly(): Error {
  return Object.assign(new Error('the server closed the connection before TLS was up'), {
    code: 'ECONNRESET',
  })
}

function ignore(): void {}
