// `import { startWorkspace } from 'lakelet'`: a workspace in this process. Types of other packages are not part of it, so that what
// users compile against is this file.
import './disposable-stacks.ts'
import path from 'node:path'

/** The meanings of the flags of `lakelet up`. */
export interface StartOptions {
  /** Where the workspace lives; `.lakelet` in the current directory when left out. Starting again shows the same data. */
  readonly dataDir?: string
  /** Address to listen on; 127.0.0.1 when left out. Only addresses of this machine are taken. */
  readonly host?: string
  /** Port of the API and the console; 0 is any free one. When left out, 8080 or the next free one. */
  readonly httpPort?: number
  /** Port of Postgres; 0 is any free one. When left out, 5432 or the next free one. */
  readonly postgresPort?: number
}

/** A running workspace. Disposing stops everything it started. */
export interface Workspace extends AsyncDisposable {
  /** Base URL of the API and the console, without a trailing slash. */
  readonly host: string
  readonly postgres: { readonly host: string; readonly port: number }
  /** File with the authority that signed the certificate of Postgres. */
  readonly caFile: string
  /** A `.databrickscfg` whose DEFAULT profile is the owner's. */
  readonly configFile: string
  /** Email address of the owner, and with it the owner's Postgres role. */
  readonly ownerEmail: string
  /** What a person should know about this start, one sentence each. */
  readonly notices: readonly string[]
  /** A link that signs one browser in as the owner, once and within half an hour. */
  signInLink(): Promise<string>
}

/** Starts the workspace of a data directory and resolves when it serves; rejects with an error that says what stands in the way. */
export async function startWorkspace(options: StartOptions = {}): Promise<Workspace> {
  const server = await import('@lakelet/server')
  return server.startWorkspace({
    dataDir: path.resolve(options.dataDir ?? '.lakelet'),
    host: options.host ?? '127.0.0.1',
    httpPort: options.httpPort,
    postgresPort: options.postgresPort,
    command: 'npx lakelet',
  })
}
