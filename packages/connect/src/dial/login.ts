// The login on a connection that is already encrypted: the startup packet, the password, up to the moment where the
// server accepts it or asks for something that only the driver knows (SCRAM, MD5).
import { MessageFramer, decodeBackendMessage, encodePassword } from '@lakelet/wire'
import type { RawMessage } from '@lakelet/wire'
import type { Duplex } from 'node:stream'
import { LakebaseError } from '../errors.ts'
import { ServerRefusal } from './failures.ts'

/** Longest message believed before the login is done; a proxy that sends more is not a Postgres. */
const MAX_LOGIN_MESSAGE = 64 * 1024

export interface LoginResult {
  /** What the driver must see from the server: AuthenticationOk or the challenge, and whatever came with it. */
  readonly bytes: Buffer
  /** False when the driver has to answer the server's challenge itself. */
  readonly isDone: boolean
}

/**
 * Logs in. `password` undefined: every challenge is the driver's.
 * Rejects with ServerRefusal, or with the socket's error; ECONNRESET when the server just hangs up.
 */
export function login(socket: Duplex, startup: Buffer, password: string | undefined): Promise<LoginResult> {
  return new Promise((resolve, reject) => {
    const framer = new MessageFramer({ maxLength: MAX_LOGIN_MESSAGE })
    const passed: Buffer[] = []
    const finish = (action: () => void) => {
      socket.off('data', onData).off('error', onError).off('end', onEnd).off('close', onEnd)
      socket.pause()
      action()
    }
    const onError = (error: Error) => finish(() => reject(error))
    const onEnd = () =>
      onError(
        Object.assign(new Error('the server closed the connection during the login'), { code: 'ECONNRESET' }),
      )
    const hand = (isDone: boolean) =>
      finish(() => resolve({ bytes: Buffer.concat([...passed, framer.takeRest()]), isDone }))
    const onData = (chunk: Buffer) => {
      try {
        framer.push(chunk)
        for (let raw = framer.next(); raw; raw = framer.next()) {
          if (!step(raw)) return
        }
      } catch (error) {
        onError(error instanceof Error ? error : new Error(String(error)))
      }
    }
    /** Handles one message; false when the login is over. */
    const step = (raw: RawMessage): boolean => {
      const message = decodeBackendMessage(raw)
      if (message.type === 'authenticationCleartextPassword' && password !== undefined) {
        socket.write(encodePassword(password))
        return true
      }
      if (message.type === 'errorResponse') {
        finish(() => reject(new ServerRefusal(message.fields)))
        return false
      }
      const isNews = message.type === 'noticeResponse' || message.type === 'negotiateProtocolVersion'
      const isAuthentication = message.type.startsWith('authentication')
      if (!isNews && !isAuthentication) {
        throw new LakebaseError(
          'PROTOCOL',
          `the server sent a message of type ${raw.type} before the login was done`,
        )
      }
      passed.push(rawBytes(raw))
      if (isNews) return true
      hand(message.type === 'authenticationOk')
      return false
    }
    socket.on('data', onData).on('error', onError).on('end', onEnd).on('close', onEnd)
    // Its 'close' may be over already.
    if (socket.destroyed) onEnd()
    else socket.write(startup)
  })
}

function rawBytes({ type, body }: RawMessage): Buffer {
  const header = Buffer.alloc(5)
  header.writeUInt8(type, 0)
  header.writeUInt32BE(body.length + 4, 1)
  return Buffer.concat([header, body])
}
