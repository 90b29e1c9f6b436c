// What the gateway asks, answered by the control plane's rows, the computes and identity.
import { LakeletError } from '../base/errors.ts'
import type { Computes } from '../computes/index.ts'
import type {
  EndpointAnswer,
  EndpointQuery,
  GatewayEndpoint,
  GatewayPorts,
  RoleFacts,
} from '../gateway/ports.ts'
import { ReadCache } from '../control/read-cache.ts'
import { endpointNamed, nameOfEndpoint } from '../control/rules/endpoint-names.ts'
import type { Identity } from '../identity/start.ts'
import { gatewayVerdict } from '../identity/gateway-verdict.ts'
import type { Metadata } from '../metadata/database.ts'
import { listLiveEndpoints, type LiveEndpoint } from '../metadata/endpoints.ts'
import type { LoginRole } from '../postgres/index.ts'

export function gatewayPorts(parts: {
  readonly metadata: Metadata
  readonly identity: Identity
  readonly computes: Computes
}): GatewayPorts {
  const { metadata, identity, computes } = parts
  // A connection asks several times; the rows are read again only when one has changed.
  const cache = new ReadCache(metadata)
  const listLive = () => cache.read('live endpoints', (queries) => listLiveEndpoints(queries))
  const findLive = async ({ id }: GatewayEndpoint) => (await listLive()).find((each) => each.uid === id)
  return {
    findEndpoint: async (query) => answer(query, await listLive()),
    async knownRole(endpoint, role) {
      return factsOf(
        await computes.knownLoginRole(endpoint.id, role),
        isPasswordAllowed(await findLive(endpoint)),
      )
    },
    async readRole(endpoint, role) {
      const facts = factsOf(
        await computes.readLoginRole(endpoint.id, role),
        isPasswordAllowed(await findLive(endpoint)),
      )
      return facts ?? 'absent'
    },
    verifyToken: async (token) => gatewayVerdict(identity.credentials.verify(token)),
    async wake(endpoint, signal) {
      requireReady(await findLive(endpoint))
      return computes.wake(endpoint.id, signal)
    },
    sessionOpened: (endpoint) => {
      computes.sessionOpened(endpoint.id)
    },
    sessionClosed: (endpoint) => {
      computes.sessionClosed(endpoint.id)
    },
    sessionActive: (endpoint) => {
      computes.touch(endpoint.id)
    },
  }
}

function answer(query: EndpointQuery, live: readonly LiveEndpoint[]): EndpointAnswer {
  const named = query.sni ?? query.option ?? query.token
  if (named === undefined) return live.length === 1 ? gatewayEndpoint(live[0]) : 'ambiguous'
  return gatewayEndpoint(endpointNamed(live, named))
}

function gatewayEndpoint(endpoint: LiveEndpoint | undefined): GatewayEndpoint | 'unknown' {
  return endpoint ? { id: endpoint.uid, name: nameOfEndpoint(endpoint) } : 'unknown'
}

/** A branch that is being made has rows before it has files. */
function requireReady(live: LiveEndpoint | undefined): void {
  if (live && live.branchState !== 'READY') {
    throw new LakeletError('branch_not_ready', { name: live.branchId, state: live.branchState })
  }
}

function isPasswordAllowed(live: LiveEndpoint | undefined): boolean {
  return live?.isNativeLoginEnabled ?? false
}

/** A password counts only where the project has native logins switched on. */
function factsOf(
  role: LoginRole | 'absent' | undefined,
  isPasswordAllowed: boolean,
): RoleFacts | 'absent' | undefined {
  if (role === undefined || role === 'absent') return role
  return {
    canLogin: role.canLogin,
    ...(role.identity ? { identity: { id: String(role.identity.id), type: role.identity.type } } : {}),
    ...(role.verifier && isPasswordAllowed ? { password: role.verifier } : {}),
    ...(role.validUntil ? { validUntil: new Date(role.validUntil) } : {}),
  }
}
