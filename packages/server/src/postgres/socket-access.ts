// What a compute's socket asks for. The gateway has authenticated the client already, so it logs in as any role; nobody else may. A
// path that only some can reach is not enough (apps run on the same machine, perhaps as the same user), so pg_hba.conf demands
//
//   peer    where the workspace runs as root: the kernel says who connects, and only the workspace's account may be any role
//   radius  where everything runs as one user: a secret that is in the memory of this process alone, checked by this process
//
// A standby of the same workspace connects as Postgres' account, for replication only: by `peer` where that account has a name, else by a
// secret that opens nothing else.
//
// These are the two methods of Postgres that do not depend on the role: see docs/decisions/compute-sockets.md.
import { randomBytes } from 'node:crypto'
import { userInfo } from 'node:os'
import { ADMIN_ROLE } from './admin-role.ts'
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
const STANDBY_MAP = 'lakelet_standby'
const HEAD = '# Written by Lakelet at each start; changes made here are lost.\n'

/** For a data directory that no workspace runs: nobody gets in. */
export const CLOSED_HBA = `${HEAD}local all all reject\nlocal replication all reject\n`

export async function startSocketAccess(host: PostgresHost): Promise<SocketAccess> {
  const name = host.account && accountName()
  const [own, standby] = await Promise.all([
    name === undefined ? startSecretAccess() : peerAccess(name),
    startStandbyAccess(host),
  ])
  return {
    hba: `${HEAD}local replication ${ADMIN_ROLE} ${standby.method}\nlocal all all ${own.method}\nlocal replication all ${own.method}\n`,
    ident: `${HEAD}${own.ident ?? ''}${standby.ident ?? ''}`,
    ...(own.password === undefined ? {} : { password: own.password }),
    [Symbol.dispose]() {
      own.server?.[Symbol.dispose]()
      standby.server?.[Symbol.dispose]()
    },
  }
}

/** Whether a standby on this host needs the secret. */
export function needsReplicationSecret({ account }: PostgresHost): boolean {
  // One without a name in the system has its number as its name.
  return account === undefined || /^\d+$/.test(account.name)
}

/** One way in: a method of pg_hba.conf, a line of pg_ident.conf, and what answers. */
interface Way {
  readonly method: string
  readonly ident?: string
  readonly password?: string
  readonly server?: Disposable
}

function peerAccess(account: string): Way {
  // `all` as the role: since Postgres 16 (src/backend/libpq/hba.c, check_ident_usermap).
  return { method: `peer map=${MAP}`, ident: `${MAP} ${quoted(account)} all\n` }
}

async function startSecretAccess(password = randomBytes(32).toString('base64url')): Promise<Way> {
  const server = await startRadiusServer(password)
  const at = `radiusservers="127.0.0.1" radiusports="${server.port}" radiussecrets="${server.sharedSecret}"`
  return { method: `radius ${at}`, password, server }
}

async function startStandbyAccess(host: PostgresHost): Promise<Way> {
  if (needsReplicationSecret(host)) return startSecretAccess(host.replicationSecret)
  const account = host.account?.name ?? ''
  return {
    method: `peer map=${STANDBY_MAP}`,
    ident: `${STANDBY_MAP} ${quoted(account)} ${ADMIN_ROLE}\n`,
  }
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
