// What the control plane needs from the rest of the workspace.
import type { AccessLevel } from '@lakelet/api'
import type { Caller } from '../base/caller.ts'
import type { RequestHead } from '../base/request-head.ts'
import type { Computes } from '../computes/index.ts'
import type { RoleIdentity } from '../postgres/index.ts'
import type { Storage } from '../storage/index.ts'

export type ComputesPort = Pick<
  Computes,
  | 'wake'
  | 'state'
  | 'activity'
  | 'scaling'
  | 'replicaLag'
  | 'peek'
  | 'withAdmin'
  | 'withFiles'
  | 'replaceFiles'
  | 'startProblem'
  | 'applySettings'
  | 'suspend'
  | 'remove'
>

export type StoragePort = Pick<
  Storage,
  | 'prepare'
  | 'create'
  | 'clone'
  | 'cloneBeside'
  | 'replacementOf'
  | 'cloneAt'
  | 'cloneSnapshot'
  | 'snapshots'
  | 'staging'
  | 'imports'
  | 'unfinished'
  | 'discard'
  | 'remove'
  | 'setAside'
  | 'exists'
  | 'sizeBytes'
  | 'list'
  | 'dataDirectory'
  | 'paths'
  | 'files'
  | 'history'
  | 'pastViews'
  | 'replicas'
  | 'problemOf'
>

/** A client of an endpoint, as whoever holds its connection knows it. */
export interface ClientSession {
  readonly id: string
  readonly address: string
  readonly since: Date
  readonly state?: 'idle' | 'active' | 'transaction' | 'waiting'
  readonly stage: 'handshake' | 'login' | 'waking' | 'relaying' | 'parked' | 'closing'
  readonly role?: string
  readonly database?: string
  readonly applicationName?: string
  readonly processId?: number
  readonly parkRefusal?: string
  /** It is in a transaction pool; why it keeps its backend all the same. */
  readonly pool?: { readonly pinned?: string }
  /** How it named its endpoint, and what it showed to get in. */
  readonly route?: 'sni' | 'option' | 'token' | 'only'
  readonly auth?: 'token' | 'scram' | 'password'
  /** How long it waited for its compute and its backend. */
  readonly connectMs?: number
  readonly bytes: { readonly fromClient: number; readonly toClient: number }
  /** Of memory that is kept for it while it is parked. */
  readonly parkedBytes?: number
}

/** Who is connected; `main` plugs the gateway in. */
export interface SessionsPort {
  list(endpointUid: string): Promise<readonly ClientSession[]>
}

/** Where clients connect to an endpoint; `main` knows which names resolve on this machine. */
export type EndpointHosts = (endpointUid: string) => {
  readonly host: string
  readonly pooledHost?: string
}

/** What the control plane asks about principals; `main` plugs identity in. */
export interface PrincipalsPort {
  /** An active principal by type and role name, with its name as the workspace spells it. */
  findIdentity(
    type: RoleIdentity['type'],
    name: string,
  ): (RoleIdentity & { readonly name: string }) | undefined
  /** The name of a principal; undefined for one that is gone. */
  nameOf(id: number): string | undefined
  /** What was granted to a principal, or to a group of it, on a project; owners and admins are not asked about. */
  projectLevel(caller: Caller, projectUid: string): AccessLevel | undefined | Promise<AccessLevel | undefined>
}

/** What the HTTP server needs to know about callers; `main` plugs `identity` in. */
export interface CallerPort {
  /** The caller of a bearer token; undefined when the token is unknown, revoked or expired. */
  authenticate(bearerToken: string, request: RequestHead): Caller | undefined | Promise<Caller | undefined>
  /** The caller of a request without a token, by a browser's session; nobody where absent. */
  authenticateSession?(request: RequestHead): Caller | undefined | Promise<Caller | undefined>
  /** Whether `caller` has `level` on an object; `hidden` where not even its existence may show. */
  authorize(
    caller: Caller,
    object: { readonly type: 'project' | 'app' | 'file'; readonly id: string },
    level: AccessLevel,
  ): 'allowed' | 'denied' | 'hidden' | Promise<'allowed' | 'denied' | 'hidden'>
}

/** How far the archive in an object store is; see `ObjectArchiveStatus` of the contract. */
export interface ObjectArchiveState {
  readonly url: string
  readonly state: 'starting' | 'current' | 'behind' | 'failing' | 'stopped'
  readonly problem?: { readonly since: Date; readonly message: string }
  readonly waitingBytes: number
  readonly waitingFiles: number
  readonly waitingSince?: Date
  readonly syncedAt?: Date
  readonly hasGap: boolean
}

export interface ObjectArchivePort {
  status(): ObjectArchiveState
  /** Resolves when all that was committed before is in the store. */
  sync(): Promise<ObjectArchiveState>
}
