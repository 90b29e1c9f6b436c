// What the gateway asks of the rest of the workspace. It authenticates before it wakes: nobody without a token of this
// workspace or the right password can make a sleeping compute start. A sleeping compute cannot change its roles, so whoever
// plugs in `knownRole` can answer for it from what was read when it was suspended. Where that is missing (undefined), a
// token that is valid for this workspace and whose identity bears the role's name may wake the compute, and the role is
// judged by `readRole` once it is awake; password logins need `knownRole`.

/** An endpoint that clients can be routed to. */
export interface GatewayEndpoint {
  /** The uid, `ep-…`. */
  readonly id: string
  /** For log lines and error texts: `projects/…/branches/…/endpoints/…`. */
  readonly name: string
}

/** How a client names an endpoint: by what is present, never by more than one. All absent asks for the only endpoint there is. */
export interface EndpointQuery {
  /** First label of the host name, in lower case, `-pooler` taken off: `ep-…`. */
  readonly sni?: string
  /** Value of `options=endpoint=…` as given, `-pooler` taken off. */
  readonly option?: string
  /** The endpoint a verified token names. */
  readonly token?: string
}

/** `ambiguous`: nothing was named and there is not exactly one. */
export type EndpointAnswer = GatewayEndpoint | 'unknown' | 'ambiguous'

export interface EndpointFinder {
  findEndpoint(query: EndpointQuery): EndpointAnswer | Promise<EndpointAnswer>
}

export type IdentityKind = 'USER' | 'SERVICE_PRINCIPAL' | 'GROUP'

/** What the catalog of a branch says about a role. */
export interface RoleFacts {
  /** The `databricks_auth` security label: whose tokens may log in. */
  readonly identity?: { readonly id: string; readonly type: IdentityKind }
  /** `pg_authid.rolpassword`. Anything but a SCRAM verifier counts as none. */
  readonly password?: string
  readonly canLogin: boolean
  /** `rolvaliduntil`; tokens and passwords are refused from this moment on. */
  readonly validUntil?: Date
}

export interface RoleReader {
  /**
   * Facts without waking anything; undefined while the compute sleeps and nothing is known. A compute that is just
   * starting or stopping counts as asleep: a rejection is an internal error to the client.
   */
  knownRole(endpoint: GatewayEndpoint, role: string): Promise<RoleFacts | 'absent' | undefined>
  /** Facts from the catalog of a compute that is awake. Rejects when it went away in the meantime; it is then woken again. */
  readRole(endpoint: GatewayEndpoint, role: string): Promise<RoleFacts | 'absent'>
}

/** Whom a token speaks for. */
export interface TokenPrincipal {
  /** Numeric id as in the security label. */
  readonly id: string
  /** The Postgres role name of this identity: e-mail address or client id. */
  readonly name: string
  readonly kind: 'USER' | 'SERVICE_PRINCIPAL'
  readonly groups: readonly { readonly id: string; readonly name: string }[]
  /** The endpoint the credential was asked for, for routing only: a credential is valid in the whole workspace. */
  readonly endpoint?: string
}

export type TokenVerdict =
  | { readonly ok: true; readonly principal: TokenPrincipal }
  /** `foreign`: well signed, but by or for someone else, or not for database access. `exp` is the claim, in seconds. */
  | { readonly ok: false; readonly reason: 'not_jwt' | 'signature' | 'foreign' }
  | { readonly ok: false; readonly reason: 'expired'; readonly exp: number }

export interface TokenVerifier {
  /** Never logs or keeps the token. */
  verifyToken(token: string): Promise<TokenVerdict>
}

/** Where an awake compute listens. */
export interface AwakeCompute {
  readonly socketPath: string
  /** What to answer when it asks for a password: the gateway's own, the same for every role. */
  readonly password?: string
}

export interface ComputeWaker {
  /**
   * Resolves when the compute accepts connections; N callers cause one start. Called again when a connection finds the
   * compute gone. An abort means that this caller no longer waits, not that the start should end.
   * A LakeletError reaches the client as it is (`endpoint_disabled`, `compute_unreachable`, …).
   */
  wake(endpoint: GatewayEndpoint, signal: AbortSignal): Promise<AwakeCompute>
}

/** For idle detection: a compute with no session and no recent activity may sleep. */
export interface SessionObserver {
  /** From before the wake, so that no suspend comes between waking and connecting. */
  sessionOpened(endpoint: GatewayEndpoint, sessionId: string): void
  sessionClosed(endpoint: GatewayEndpoint, sessionId: string): void
  /** The client sent something; at most once a second per session. */
  sessionActive(endpoint: GatewayEndpoint, sessionId: string): void
}

export interface GatewayPorts
  extends EndpointFinder, RoleReader, TokenVerifier, ComputeWaker, SessionObserver {}
