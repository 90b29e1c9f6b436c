// All that the gateway knows of the rest of the workspace, and all that the rest may ask of it. Every argument and every answer survives
// `structuredClone`, and errors travel as `{code, params}`, so that the gateway runs in the caller's thread or in worker threads unchanged.
//
// It authenticates before it wakes: nobody without a token of this workspace or the right password can make a sleeping compute start. A
// sleeping compute cannot change its roles, so `locate` can answer for it from what was read when it was suspended. Where that is missing
// (`role` undefined), a token whose identity bears the role's name may wake the compute, and the role is judged by `role` once it is awake;
// a password login needs the role before.
import type { ErrorData } from '../base/errors.ts'

/** How a client names an endpoint. All absent asks for the only endpoint there is. */
export interface EndpointQuery {
  /** First label of the host name, in lower case, `-pooler` taken off: `ep-…`. */
  readonly sni?: string
  /** Value of `options=endpoint=…` as given, `-pooler` taken off. */
  readonly option?: string
  /** The endpoint that a verified token names. */
  readonly token?: string
}

/** An endpoint that clients can be routed to. */
export interface GatewayEndpoint {
  /** The uid, `ep-…`. */
  readonly id: string
  /** For log lines and error texts: `projects/…/branches/…/endpoints/…`. */
  readonly name: string
}

export type BranchState = 'INIT' | 'READY' | 'RESETTING'

/** An endpoint as one connection needs to know it. */
export interface LocatedEndpoint {
  readonly endpoint: GatewayEndpoint
  /** A branch that is being made has rows before it has files; only one that is READY is woken. */
  readonly branch: { readonly id: string; readonly state: BranchState }
  /** Whether roles may log in with a password of their own. */
  readonly allowsPasswords: boolean
  /** Undefined while the compute sleeps and nothing is known of its roles. */
  readonly role: RoleFacts | 'absent' | undefined
}

export type IdentityKind = 'USER' | 'SERVICE_PRINCIPAL' | 'GROUP'

/** A moment of the past that a client wants to read, as it wrote it. One of both. */
export interface PastQuery {
  readonly time?: string
  readonly lsn?: string
}

/** What the catalog of a branch says about a role. */
export interface RoleFacts {
  /** `pg_authid.oid`; absent where it is not known. */
  readonly oid?: number
  /** The `databricks_auth` security label: whose tokens may log in. */
  readonly identity?: { readonly id: number; readonly type: IdentityKind }
  /** `pg_authid.rolpassword`. Anything but a SCRAM verifier counts as none. */
  readonly password?: string
  readonly canLogin: boolean
  /** `rolvaliduntil`; tokens and passwords are refused from this moment on. */
  readonly validUntil?: Date
}

/** Whom a token speaks for. */
export interface TokenPrincipal {
  /** As in the security label. */
  readonly id: number
  /** The Postgres role name of this identity: e-mail address or client id. */
  readonly name: string
  readonly kind: 'USER' | 'SERVICE_PRINCIPAL'
  readonly groups: readonly { readonly id: number; readonly name: string }[]
  /** The endpoint the credential was asked for, for routing only: a credential is valid in the whole workspace. */
  readonly endpoint?: string
}

/** Where an awake compute takes connections. */
export interface BackendAddress {
  /** Path of its unix socket. */
  readonly unix: string
  /** What to answer when it asks for a password: the gateway's own, the same for every role. */
  readonly password?: string
}

/** How a client named its endpoint: by the host name of TLS, by an option, by its token, or not at all where there is only one. */
export type Route = 'sni' | 'option' | 'token' | 'only'

/** What a client showed: a token, or a password by SCRAM or in clear text inside TLS. */
export type AuthKind = 'token' | 'scram' | 'password'

/** Bytes of the protocol, without TLS, from the start of the relay on. */
export interface TrafficBytes {
  readonly fromClient: number
  readonly toClient: number
}

/** What a backend says of its memory: used bytes by the name of the context. */
export interface BackendMemory {
  readonly processId: number
  readonly used: Readonly<Record<string, number>>
}

/** What became of sessions, in order. */
export type SessionEvent =
  | {
      readonly kind: 'opened'
      readonly session: string
      readonly endpoint: string
      readonly route: Route
      readonly auth: AuthKind
      /** How long it waited for its compute and for its backend. */
      readonly connectMs: number
    }
  /** The client sent something; at most once a second per session. */
  | {
      readonly kind: 'active'
      readonly session: string
      readonly endpoint: string
      /** In all so far. */
      readonly bytes: TrafficBytes
    }
  | {
      readonly kind: 'closed'
      readonly session: string
      readonly endpoint: string
      readonly bytes: TrafficBytes
    }
  /** A client that was not let in, or whose session could not begin. */
  | {
      readonly kind: 'refused'
      readonly session: string
      readonly sqlState: string
      /** What it was asked to show, where the refusal answers that. */
      readonly auth?: AuthKind
    }

/** What the gateway asks. LakeletErrors reach the client as they are; any other is an internal error to it. */
export interface GatewayControl {
  /**
   * Once per connection, again only where a token names the endpoint. Wakes nothing. `ambiguous`: nothing was named and there is not
   * exactly one. Throws `endpoint_inconsistent` when host name and option name different endpoints.
   */
  locate(query: EndpointQuery, role: string): Promise<LocatedEndpoint | 'unknown' | 'ambiguous'>
  /** Throws `token_not_jwt`, `token_signature_wrong`, `token_foreign` or `token_expired`. Never logs or keeps the token. */
  verify(token: string): Promise<TokenPrincipal>
  /**
   * The endpoint of what `endpoint` was at a moment; for clients that were let in to `endpoint`, by what holds today. Makes nothing yet.
   * Throws what says why the moment cannot be read.
   */
  travel(endpoint: string, moment: PastQuery): Promise<GatewayEndpoint>
  /**
   * Resolves when the compute accepts connections; many callers cause one start. From the first call until `release` the connection counts
   * as a session of the endpoint, so that no suspend comes between waking and connecting. Called again when a connection finds the compute
   * gone. Throws `endpoint_disabled`, `compute_unreachable` and others.
   */
  wake(endpoint: string, connection: string): Promise<BackendAddress>
  /** The role from the catalog of a compute that is awake. Rejects when it went away in the meantime; it is then woken again. */
  role(endpoint: string, role: string): Promise<RoleFacts | 'absent'>
  /** What backends of an awake compute use, of those that say so. */
  memory(endpoint: string, processIds: readonly number[]): Promise<readonly BackendMemory[]>
  /** The connection is over: it waits for no wake any more, the start itself goes on. Does nothing for one that never asked to wake. */
  release(connection: string): void
  report(events: readonly SessionEvent[]): void
}

/** `parked`: the client is there, its backend is not. */
export type SessionStage = 'handshake' | 'login' | 'waking' | 'relaying' | 'parked' | 'closing'

/** What a session does: nothing, a request, nothing inside a transaction, or, in a pool, wait for a backend; undefined before the relay and where it cannot be known. */
export type SessionState = 'idle' | 'active' | 'transaction' | 'waiting'

/** Who is connected, or about to be. */
export interface SessionInfo {
  readonly id: string
  readonly address: string
  readonly since: Date
  readonly stage: SessionStage
  readonly state?: SessionState
  /** It is in a transaction pool; `pinned`: why it keeps its backend between transactions all the same. */
  readonly pool?: { readonly pinned?: string }
  readonly role?: string
  readonly database?: string
  readonly applicationName?: string
  readonly endpoint?: GatewayEndpoint
  /** The process id of the backend, as in pg_stat_activity. */
  readonly processId?: number
  /** Why it could not be parked now, as far as is known: a session that is idle is looked at when its compute is to sleep. */
  readonly parkRefusal?: ParkRefusal
  /** For how long nothing has moved, either way, in ms. */
  readonly idleMs?: number
  /** Grows whenever bytes move, either way: who sees the same number again knows that nothing did. */
  readonly moves: number
  readonly bytes: TrafficBytes
  /** Of memory that is kept for it while it is parked. */
  readonly parkedBytes?: number
  /** Once it has logged in. */
  readonly route?: Route
  readonly auth?: AuthKind
  /** Once it is connected: how long it waited for its compute and its backend. */
  readonly connectMs?: number
}

/** Why a session was not parked. */
export type ParkRefusal =
  /** It has not finished logging in. */
  | 'connecting'
  /** A request is in flight, or the stream is not understood. */
  | 'active'
  | 'transaction'
  /** It reads the past, or speaks the protocol of replication. */
  | 'not_parkable'
  | 'temporary_objects'
  | 'held_cursor'
  | 'advisory_lock'
  /** One that cannot be made again. */
  | 'prepared_statement'
  /** `random()` was told where to begin. */
  | 'random_seed'
  /** More than is kept for a client. */
  | 'too_much_state'
  /** All that are parked keep as much as they may together. */
  | 'no_room'
  /** It may hold settings that nobody can ask for, or the settings that it began with have changed since. */
  | 'unproven'
  /** Its backend does not tell what it holds. */
  | 'state_unknown'

export interface RefusedSession {
  readonly session: string
  readonly reason: ParkRefusal
  /** For how long it has been idle; absent where it is not. */
  readonly idleMs?: number
}

export interface ParkResult {
  /** How many can go without a backend; they are held until `settle`. */
  readonly parked: number
  readonly refused: readonly RefusedSession[]
}

/** PEM. The certificate may be followed by those that signed it. */
export interface TlsIdentity {
  readonly certificate: string
  readonly key: string
}

/** What may be asked of the gateway. */
export interface GatewayCommands {
  sessions(): Promise<readonly SessionInfo[]>
  /**
   * Finds out, within the deadline, which of an endpoint's sessions can do without a backend, and holds those: what their clients say
   * waits until `settle`, which must follow.
   */
  park(endpoint: string, deadlineMs: number): Promise<ParkResult>
  /** Takes the backends away from the sessions that `park` held, or lets these go on. The next byte of a parked client wakes the compute. */
  settle(endpoint: string, outcome: 'parked' | 'released'): Promise<void>
  /**
   * Gives the parked sessions that listen to channels a backend of the compute at `address`, which nobody else can use yet. One that
   * has none after the deadline ends: it might have missed a notification. What their clients say waits until `settle`, which must follow: one
   * could notify another that is not back.
   */
  revive(endpoint: string, address: BackendAddress, deadlineMs: number): Promise<void>
  /** Ends these sessions, telling the client why; resolves when they are over. Ids of sessions that are gone are passed over. */
  retire(ids: readonly string[], reason: ErrorData): Promise<void>
  /** New connections see this certificate; those that are open keep theirs. */
  useCertificate(tls: TlsIdentity): Promise<void>
  /** No new connections; waits `drainMs` for clients to leave, then ends the rest with 57P01. */
  stop(drainMs: number): Promise<void>
}
