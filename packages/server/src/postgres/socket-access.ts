// What a compute's socket asks for. The gateway has authenticated the client already, so it logs in as any role; nobody else may. A
// path that only some can reach is not enough (apps run on the same machine, perhaps as the same user), so pg_hba.conf demands
//
//   peer    where the workspace runs as root: the kernel says who connects, and only the workspace's account may be any role
//   radius  where everything runs as one user: a secret that is in the memory of this process alone, checked by this process
//
// These are the two methods of Postgres that do not depend on the role: see docs/decisions/compute-sockets.md.
import { randomBytes } from 'node:crypto'
import { userInfo } from 'node:os'
import type { PostgresHost } from './host.ts'
import { startRadiusServer } from './radius-server.ts'

/** How one cluster knows its own workspace; disposing ends it, and nobody can log in any more. */
export interface SocketAccess extends Disposable {
  /** The texts of pg_hba.conf and pg_ident.conf. */
  readonly hba: string
  readonly ident: string
  /** What to answer when the server asks for a password; undefined where it does not ask. */
  readonly password?: string
}

const MAP = 'lakelet'
const HEAD = '# Written by Lakelet at each start; changes made here are lost.\n'

/** For a data directory that no workspace runs: nobody gets in. */
export const CLOSED_HBA = `${HEAD}local all all reject\nlocal replication all reject\n`

export async function startSocketAccess(host: PostgresHost): Promise<SocketAccess> {
  const name = host.account && accountName()
  return name === undefined ? startSecretAccess() : peerAccess(name)
}

function peerAccess(account: string): SocketAccess {
  return {
    hba: hba(`peer map=${MAP}`),
    // `all` as the role: since Postgres 16 (src/backend/libpq/hba.c, check_ident_usermap).
    ident: `${HEAD}${MAP} ${quoted(account)} all\n`,
    [Symbol.dispose]: () => undefined,
  }
}

async function startSecretAccess(): Promise<SocketAccess> {
  const password = randomBytes(32).toString('base64url')
  const server = await startRadiusServer(password)
  const at = `radiusservers="127.0.0.1" radiusports="${server.port}" radiussecrets="${server.sharedSecret}"`
  return {
    hba: hba(`radius ${at}`),
    ident: HEAD,
    password,
    [Symbol.dispose]: () => server[Symbol.dispose](),
  }
}

function hba(method: string): string {
  return `${HEAD}local all all ${method}\nlocal replication all ${method}\n`
}

/** The name of this process' account; undefined where the system has none, and then Postgres would find none either. */
function accountName(): string | undefined {
  try {
    return userInfo().username
  } catch {
    return undefined
  }
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`
}
