// What Postgres is given on this machine, whatever its version: the account that its processes run as, its directory below the data
// directory, and the file of identities. Sockets: `socket-directory.ts` and `socket-access.ts`.
import { randomBytes } from 'node:crypto'
import { mkdir, realpath } from 'node:fs/promises'
import path from 'node:path'
import { ensureDirectory } from '../base/files.ts'
import { type Account, chooseAccount, ensureReachable } from './account.ts'

export interface PostgresHost {
  /** Whom the processes run as; undefined = the user of this process. */
  readonly account: Account | undefined
  /** Below it: `postgres/` (prefixes, templates, identities). */
  readonly dataDir: string
  /** `<dataDir>/postgres`: a prefix and a template for each version that is in use. */
  readonly home: string
  /** The file with the workspace's identities that `databricks_auth` reads; see `writeIdentities`. */
  readonly identitiesFile: string
  /** What a standby answers to its primary where the kernel cannot say who connects: this run's; see `socket-access.ts`. */
  readonly replicationSecret: string
}

/** Makes a data directory ready for Postgres. Throws `postgres_unreachable_directory`. */
export async function openPostgresHost(options: { readonly dataDir: string }): Promise<PostgresHost> {
  await ensureDirectory(options.dataDir)
  const dataDir = await realpath(options.dataDir)
  const account = await chooseAccount()
  await ensureReachable(dataDir, account)
  const home = await openDirectory(path.join(dataDir, 'postgres'))
  const identitiesFile = path.join(home, 'identities.json')
  return { account, dataDir, home, identitiesFile, replicationSecret: randomBytes(32).toString('base64url') }
}

/** Creates a directory that other users may pass through but not list: Postgres' account reaches what it owns inside. */
export async function openDirectory(directory: string): Promise<string> {
  await mkdir(directory, { recursive: true, mode: 0o711 })
  return directory
}

/** Who owns what Postgres reads and writes: its account, or whoever this process runs as. */
export function ownerOf(host: PostgresHost): { readonly uid: number; readonly gid: number } {
  return host.account ?? { uid: process.getuid?.() ?? -1, gid: process.getgid?.() ?? -1 }
}
