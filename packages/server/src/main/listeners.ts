// The ports of a workspace, taken before anything else is started.
import type { DataDirectory } from './data-directory.ts'
import { type HeldPort, holdPort } from './listen.ts'
import { readPorts, writePorts } from './workspace-file.ts'

const HTTP_PORT = 8080
const POSTGRES_PORT = 5432

/**
 * A host name of an endpoint has no port, so clients assume 5432: where it is taken on 127.0.0.1 the gateway listens on another loopback
 * address, and not on another port, or they would send their passwords to a stranger. Linux has them all, other systems the first only.
 */
const OTHER_LOOPBACKS: readonly string[] = Array.from({ length: 32 }, (_, index) => `127.0.0.${index + 2}`)

/** Which ports somebody asked for. */
export interface PortOptions {
  /** Address to listen on; only loopback is accepted. */
  readonly host: string
  /** Undefined: 8080, or the next free one. 0: any free one. */
  readonly httpPort: number | undefined
  /** Undefined: 5432, or the next free one. 0: any free one. */
  readonly postgresPort: number | undefined
}

export interface Listeners {
  readonly http: HeldPort
  /** Where the API answers over TLS, for apps in sandboxes. */
  readonly https: HeldPort
  readonly postgres: HeldPort
}

/** Takes both and remembers them for the next start; LakeletError `port_busy` or `port_refused`. */
export async function holdListeners(
  { host, httpPort, postgresPort }: PortOptions,
  directory: DataDirectory,
  starting: AsyncDisposableStack,
): Promise<Listeners> {
  const file = directory.file('ports.json')
  const last = readPorts(file)
  const http = starting.use(
    await holdPort({ host, asked: httpPort, fallback: HTTP_PORT, flag: '--http-port', last: last.http }),
  )
  const postgres = starting.use(
    await holdPort({
      host,
      asked: postgresPort,
      fallback: POSTGRES_PORT,
      otherHosts: host === '127.0.0.1' ? OTHER_LOOPBACKS : [],
      flag: '--postgres-port',
      last: last.postgres,
    }),
  )
  const https = starting.use(await holdPort({ host, asked: 0, fallback: 0, flag: '--http-port' }))
  await writePorts(file, { http: http.port, postgres: postgres.port })
  return { http, https, postgres }
}

/** What a person should know about the ports, one sentence each. */
export function noticesOf({ http, postgres }: Listeners): string[] {
  return [
    ...(http.movedFrom === undefined
      ? []
      : [`Port ${http.movedFrom} is taken, so the workspace is on port ${http.port}.`]),
    ...postgresNotice(postgres),
  ]
}

function postgresNotice({ movedFrom, host, port }: HeldPort): string[] {
  if (movedFrom === undefined) return []
  if (movedFrom === port) return [`Port ${port} of 127.0.0.1 is taken, so Postgres is at ${host}:${port}.`]
  return [
    `Port ${movedFrom} is taken, so Postgres is on port ${port}. Name it to every client: one that assumes ${movedFrom} talks to another server.`,
  ]
}
