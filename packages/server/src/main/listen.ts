// Which ports to listen on. A busy default port gives way to the next free one; a busy port that somebody asked for is an error.
import { createServer } from 'node:net'
import { LakeletError } from '../base/errors.ts'

const ATTEMPTS = 100

export interface PortRequest {
  readonly host: string
  /** The port asked for; undefined for the default, 0 for any free one. */
  readonly asked: number | undefined
  readonly fallback: number
  /** The flag that changes it, for error messages. */
  readonly flag: string
  /** Ports already promised to others. */
  readonly taken?: readonly number[]
}

/** A port that is free now, and whether it differs from the default that was meant. */
export async function choosePort(request: PortRequest): Promise<{ port: number; movedFrom?: number }> {
  const { host, asked, fallback, flag } = request
  if (asked !== undefined) {
    const problem = await tryPort(host, asked)
    if (problem === undefined) return { port: asked }
    if (problem === 'EADDRINUSE') throw new LakeletError('port_busy', { port: asked, host, flag })
    throw new LakeletError('port_refused', { port: asked, host, reason: problem, flag })
  }
  for (let port = fallback; port < fallback + ATTEMPTS; port += 1) {
    if (request.taken?.includes(port)) continue
    if ((await tryPort(host, port)) === undefined)
      return port === fallback ? { port } : { port, movedFrom: fallback }
  }
  throw new LakeletError('port_busy', { port: `${fallback}–${fallback + ATTEMPTS - 1}`, host, flag })
}

/** Undefined when one can listen there, else the error code of the system. */
function tryPort(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code ?? error.message)
    })
    server.listen({ host, port, exclusive: true }, () => {
      server.close(() => {
        resolve(undefined)
      })
    })
  })
}
