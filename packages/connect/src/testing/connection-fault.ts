// What goes wrong with a connection, on purpose.
import { encodeErrorResponse } from '@lakelet/wire'
import type { Socket } from 'node:net'
import { systemClock } from '../clock.ts'

/** What happens to a connection. `at`: before TLS, with the startup packet, or after the password was found good. */
export interface ConnectionFault {
  at: 'accept' | 'startup' | 'login'
  /** Hang up with RST or FIN, say nothing for ever, hold for a while and go on, or refuse with an SQLSTATE. */
  action: 'reset' | 'close' | 'silence' | { holdMs: number } | { code: string; message: string }
}

/** True when the fault ends the connection here. */
export async function suffered(
  socket: Socket,
  fault: ConnectionFault | undefined,
  at: ConnectionFault['at'],
): Promise<boolean> {
  if (fault?.at !== at) return false
  const { action } = fault
  if (action === 'reset') reset(socket)
  else if (action === 'close') socket.end().resume()
  else if (action === 'silence') socket.resume()
  else if ('code' in action) refuse(socket, action.code, action.message)
  else {
    await systemClock.sleep(action.holdMs, { background: true })
    return false
  }
  return true
}

/** Ends a connection with an error of the server. */
export function refuse(socket: Socket, code: string, message: string): void {
  socket.end(encodeErrorResponse({ severity: 'FATAL', severityCode: 'FATAL', code, message }))
  socket.resume()
}

/** RST instead of FIN. Behind TLS the socket below has to be asked. */
export function reset(socket: Socket): void {
  const { _parent: parent } = socket as Socket & { _parent?: Socket }
  ;(parent ?? socket).resetAndDestroy()
  socket.destroy()
}
