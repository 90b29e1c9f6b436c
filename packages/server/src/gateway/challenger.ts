import { LakeletError } from '../base/errors.ts'
import type { ClientConnection } from './client-connection.ts'
import type { AuthKind } from './control.ts'

/** A client that is being asked who it is. */
export interface Challenger {
  readonly connection: ClientConnection
  /** Ends the wait for the client's answers. */
  readonly signal: AbortSignal
  readonly role: string
  /** Called when it is asked to show something. */
  readonly onAsked: (auth: AuthKind) => void
}

const PASSWORD_MESSAGE = 0x70

/** The body of its next message, which must be a password or SASL message; else LakeletError `startup_invalid`. */
export async function readAnswer({ connection, signal }: Challenger): Promise<Buffer> {
  const { type, body } = await connection.readMessage(signal)
  if (type !== PASSWORD_MESSAGE) {
    throw new LakeletError('startup_invalid', {
      reason: `expected password response, got message type ${type}`,
    })
  }
  return body
}
