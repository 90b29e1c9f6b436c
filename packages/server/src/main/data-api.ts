// The Data API, plugged in: what it serves, who its callers are, and how it logs in at the gateway.
import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { DataApis } from '../control/services/data-apis.ts'
import { AUTHENTICATOR } from '../control/views/data-api.ts'
import {
  type DataApiCaller,
  DataApiDatabases,
  type DataApiDirectory,
  mountDataApi,
} from '../data-api/index.ts'
import type { RoleFacts, TokenPrincipal } from '../gateway/control.ts'
import type { Identity } from '../identity/start.ts'
import type { ControlPlane } from './control-plane.ts'
import type { Infrastructure } from './infrastructure.ts'

/** No principal of the directory has it. */
const OWN_ID = -1

/**
 * The identity of the Data API itself: a password that is made at each start and never leaves the process, good for the role
 * `authenticator` and for no other.
 */
export class DataApiIdentity {
  readonly password = `lakelet-data-api-${randomBytes(32).toString('base64url')}`
  readonly principal: TokenPrincipal = {
    id: OWN_ID,
    name: AUTHENTICATOR,
    kind: 'SERVICE_PRINCIPAL',
    groups: [],
  }

  isPassword(text: string): boolean {
    const [given, own] = [Buffer.from(text), Buffer.from(this.password)]
    return given.length === own.length && timingSafeEqual(given, own)
  }

  /** What the catalogue says of a role, and of `authenticator` that it is ours. */
  facts(role: string, facts: RoleFacts | 'absent' | undefined): RoleFacts | 'absent' | undefined {
    if (role !== AUTHENTICATOR || facts === undefined || facts === 'absent') return facts
    return { ...facts, identity: { type: 'SERVICE_PRINCIPAL', id: OWN_ID } }
  }
}

export interface RunningDataApi extends AsyncDisposable {
  readonly dataApi: DataApiIdentity
  mount(http: FastifyInstance): Promise<void>
}

/** Serves at `baseUrl` and logs in at the gateway of `postgres`; it ends before the gateway, whose client it is. */
export function startDataApi(
  { workspaceId, certificates, log: parent }: Pick<Infrastructure, 'workspaceId' | 'certificates' | 'log'>,
  { identity, control }: { readonly identity: Identity; readonly control: Pick<ControlPlane, 'dataApis'> },
  baseUrl: string,
  postgres: () => { readonly host: string; readonly port: number },
): RunningDataApi {
  const dataApi = new DataApiIdentity()
  const log = parent.child({ component: 'data-api' })
  const gateway = () => ({ ...postgres(), ca: certificates.certificate, password: dataApi.password })
  const databases = new DataApiDatabases({ role: AUTHENTICATOR, gateway }, log)
  const directory = directoryOf(control.dataApis, identity)
  return {
    dataApi,
    mount: (http) => mountDataApi(http, { workspaceId, baseUrl, log, directory, databases }),
    [Symbol.asyncDispose]: () => databases[Symbol.asyncDispose](),
  }
}

function directoryOf(dataApis: DataApis, identity: Identity): DataApiDirectory {
  return {
    async find(endpointUid, database) {
      const found = await dataApis.find(endpointUid, database)
      if (!found) return undefined
      const { spec } = found
      const settings = {
        schemas: spec.db_schemas,
        extraSearchPath: spec.db_extra_search_path,
        maxRows: spec.db_max_rows || undefined,
        allowsAggregates: spec.db_aggregates_enabled,
        showsOpenApi: spec.openapi_mode !== 'OPEN_API_MODE_DISABLED',
        allowedOrigins: spec.server_cors_allowed_origins ?? [],
        showsTiming: spec.server_timing_enabled,
        preRequest: spec.db_pre_request || undefined,
      }
      return { endpointUid, name: database, settings, version: found.version }
    },
    callerOf: (token) => callerOf(identity, token),
  }
}

/** By an access token or a personal token of the API, or by a database credential, whose group it then acts as. */
function callerOf({ authenticator, credentials, keys }: Identity, token: string): DataApiCaller | undefined {
  const found = authenticator.inspect(token)
  if (found) {
    const { caller, scopes } = found
    if (scopes.length > 0 && !scopes.some((scope) => scope === 'all-apis' || scope === 'postgres'))
      return undefined
    return {
      role: caller.name,
      claims: claimsOf(keys, token) ?? { sub: caller.name, principal_id: caller.id },
    }
  }
  const verified = credentials.verify(token)
  if (!verified.ok) return undefined
  return { role: verified.group ?? verified.identity.name, claims: claimsOf(keys, token) ?? {} }
}

function claimsOf(keys: Identity['keys'], token: string): Readonly<Record<string, unknown>> | undefined {
  const checked = keys.check(token)
  return checked.ok ? checked.claims : undefined
}
