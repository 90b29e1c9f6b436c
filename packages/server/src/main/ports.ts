// The two ports of a workspace, taken before anything else is started.
import type { DataDirectory } from './data-directory.ts'
import { type HeldPort, holdPort } from './listen.ts'
import { readPorts, writePorts } from './workspace-file.ts'

const HTTP_PORT = 8080
const POSTGRES_PORT = 5432

/** Which ports somebody asked for. */
export interface PortOptions {
  /** Address to listen on; only loopback is accepted. */
  readonly host: string
  /** Undefined: 8080, or the next free one. 0: any free one. */
  readonly httpPort: number | undefined
  /** Undefined: 5432, or the next free one. 0: any free one. */
  readonly postgresPort: number | undefined
}

export interface Ports {
  readonly http: HeldPort
  readonly postgres: HeldPort
}

/** Takes both and remembers them for the next start; LakeletError `port_busy` or `port_refused`. */
export async function holdPorts(
  { host, httpPort, postgresPort }: PortOptions,
  directory: DataDirectory,
  starting: AsyncDisposableStack,
): Promise<Ports> {
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
      flag: '--postgres-port',
      last: last.postgres,
    }),
  )
  await writePorts(file, { http: http.port, postgres: postgres.port })
  return { http, postgres }
}

/** What a person should know about the ports, one sentence each. */
export function noticesOf(ports: Ports): string[] {
  const moved = (what: string, held: HeldPort) =>
    held.movedFrom === undefined
      ? []
      : [`Port ${held.movedFrom} is taken, so ${what} is on port ${held.port}.`]
  return [...moved('the workspace', ports.http), ...moved('Postgres', ports.postgres)]
}
