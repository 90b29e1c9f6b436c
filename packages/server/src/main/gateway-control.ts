// What the gateway asks, answered by the control plane's rows, the computes and identity. No rule is here: which endpoint a client means is in
// control/rules/endpoint-names.ts, what a token is worth in identity/database-credentials.ts.
import type { Changes } from '../base/changes.ts'
import { LakeletError } from '../base/errors.ts'
import { secondariesOf, secondaryOf } from '../base/group-members.ts'
import type { BackendAddress as ComputeAddress, Computes } from '../computes/index.ts'
import { ReadCache } from '../control/read-cache.ts'
import type { PastBranches } from '../control/services/past-branches.ts'
import { chosenEndpoint, meansReaders, nameOfEndpoint } from '../control/rules/endpoint-names.ts'
import type {
  BackendAddress,
  BackendMemory,
  EndpointQuery,
  GatewayControl,
  GatewayEndpoint,
  LocatedEndpoint,
  PastQuery,
  RoleFacts,
  SessionEvent,
  TokenPrincipal,
} from '../gateway/control.ts'
import { tokenRefusal } from '../identity/database-credentials.ts'
import type { Identity } from '../identity/start.ts'
import type { DataApiIdentity } from './data-api.ts'
import type { Metadata } from '../metadata/database.ts'
import { listLiveEndpoints, type LiveEndpoint } from '../metadata/endpoints.ts'
import type { LoginRole } from '../postgres/index.ts'
import type { WorkspaceMetrics } from '../telemetry/index.ts'

interface Parts {
  readonly changes: Changes
  readonly metadata: Metadata
  readonly identity: Identity
  readonly computes: Computes
  readonly past: PastBranches
  readonly metrics: WorkspaceMetrics
  readonly dataApi: DataApiIdentity
}

/** What a connection holds: its endpoint stays awake, and a wake of its that waits can be given up. */
interface Hold {
  readonly endpoint: string
  readonly given: AbortController
}

export class WorkspaceGatewayControl implements GatewayControl {
  readonly #changes: Changes
  readonly #identity: Identity
  readonly #computes: Computes
  readonly #past: PastBranches
  readonly #dataApi: DataApiIdentity
  readonly #metrics: WorkspaceMetrics
  /** The rows are read again only when one has changed. */
  readonly #cache: ReadCache
  /** Grows by one for each client that reads from a secondary. */
  #turn = 0
  readonly #holds = new Map<string, Hold>()

  constructor({ changes, metadata, identity, computes, past, metrics, dataApi }: Parts) {
    this.#dataApi = dataApi
    this.#metrics = metrics
    this.#changes = changes
    this.#identity = identity
    this.#computes = computes
    this.#past = past
    this.#cache = new ReadCache(metadata, ['projects', 'branches', 'endpoints'])
  }

  async locate(query: EndpointQuery, role: string): Promise<LocatedEndpoint | 'unknown' | 'ambiguous'> {
    const live = await this.#cache.read('live endpoints', (queries) => listLiveEndpoints(queries))
    const found = chosenEndpoint(live, query)
    if (typeof found === 'string') return found
    const facts = factsOf(await this.#computes.knownLoginRole(found.uid, role))
    const uid = meansReaders(found, query) ? this.#leastUsed(found) : found.uid
    return located({ ...found, uid }, this.#dataApi.facts(role, facts))
  }

  /** The secondary that the next client reads from: one that is awake and has the fewest sessions, in turn where several have. */
  #leastUsed({ uid, groupSize }: LiveEndpoint): string {
    const all = secondariesOf(uid, groupSize).map((each, at) => {
      const { state, sessions } = this.#computes.activity(each)
      return { each, state, sessions, turn: (at + this.#turn) % (groupSize - 1) }
    })
    this.#turn += 1
    const awake = all.filter(({ state }) => state === 'active')
    const [first] = (awake.length > 0 ? awake : all).sort(
      (a, b) => a.sessions - b.sessions || a.turn - b.turn,
    )
    return first?.each ?? uid
  }

  async verify(token: string): Promise<TokenPrincipal> {
    if (this.#dataApi.isPassword(token)) return this.#dataApi.principal
    const result = this.#identity.credentials.verify(token)
    if (!result.ok) throw tokenRefusal(result)
    const { id, name, kind, groups } = result.identity
    return {
      id,
      name,
      kind: kind === 'user' ? 'USER' : 'SERVICE_PRINCIPAL',
      groups,
      ...(result.endpoint === undefined ? {} : { endpoint: result.endpoint }),
    }
  }

  async travel(endpoint: string, moment: PastQuery): Promise<GatewayEndpoint> {
    const of = secondaryOf(endpoint)?.endpointUid ?? endpoint
    const { id, name } = await this.#past.find(of, moment)
    return { id, name }
  }

  async wake(endpoint: string, connection: string): Promise<BackendAddress> {
    const { given } = this.#hold(endpoint, connection)
    // A group wakes as a whole.
    const { endpointUid: primary } = secondaryOf(endpoint) ?? {}
    if (primary !== undefined) await this.#computes.wake(primary, given.signal)
    const from = this.#past.has(endpoint) ? this.#past : this.#computes
    return socketOf(await from.wake(endpoint, given.signal))
  }

  async role(endpoint: string, role: string): Promise<RoleFacts | 'absent'> {
    // To look at a compute that is awake is no sign of life: it is also done before it sleeps.
    const isAwake = this.#computes.state(endpoint) === 'active'
    const known = isAwake ? await this.#computes.knownLoginRole(endpoint, role) : undefined
    const facts = factsOf(known ?? (await this.#computes.readLoginRole(endpoint, role)))
    return this.#dataApi.facts(role, facts) ?? 'absent'
  }

  memory(endpoint: string, processIds: readonly number[]): Promise<readonly BackendMemory[]> {
    return this.#computes.memory(endpoint, processIds)
  }

  release(connection: string): void {
    const hold = this.#holds.get(connection)
    if (!hold) return
    this.#holds.delete(connection)
    hold.given.abort(new LakeletError('gateway_stopping'))
    this.#computes.sessionClosed(hold.endpoint)
  }

  report(events: readonly SessionEvent[]): void {
    this.#metrics.gateway.report(events)
    for (const event of events) if (event.kind === 'active') this.#computes.touch(event.endpoint)
    if (events.some(({ kind }) => kind === 'opened' || kind === 'closed')) this.#changes.note(['sessions'])
  }

  #hold(endpoint: string, connection: string): Hold {
    const held = this.#holds.get(connection)
    if (held) return held
    const hold = { endpoint, given: new AbortController() }
    this.#holds.set(connection, hold)
    this.#computes.sessionOpened(endpoint)
    return hold
  }
}

/** The gateway dials sockets. */
function socketOf(address: ComputeAddress): BackendAddress {
  if ('unix' in address) return address
  throw new LakeletError('compute_unreachable', { reason: 'it has no socket on this machine' })
}

function located(live: LiveEndpoint, role: RoleFacts | 'absent' | undefined): LocatedEndpoint {
  return {
    endpoint: { id: live.uid, name: nameOfEndpoint(live) },
    branch: { id: live.branchId, state: stateForClients(live.branchState) },
    allowsPasswords: live.isNativeLoginEnabled,
    role,
  }
}

/** A branch that is being reset takes clients: until the exchange as what it was, from then on as what it is, and they wait in between. */
function stateForClients(state: LiveEndpoint['branchState']): LiveEndpoint['branchState'] {
  return state === 'RESETTING' ? 'READY' : state
}

function factsOf(role: LoginRole | 'absent' | undefined): RoleFacts | 'absent' | undefined {
  if (role === undefined || role === 'absent') return role
  return {
    canLogin: role.canLogin,
    ...(role.oid === undefined ? {} : { oid: role.oid }),
    ...(role.identity ? { identity: role.identity } : {}),
    ...(role.verifier ? { password: role.verifier } : {}),
    ...(role.validUntil ? { validUntil: new Date(role.validUntil) } : {}),
  }
}
