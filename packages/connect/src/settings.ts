// Everything a connector needs to know, from its options and the environment, checked once.
import type { Clock } from './clock.ts'
import { systemClock } from './clock.ts'
import type { ConnectorAuth, CredentialOptions } from './credentials/credential-source.ts'
import type { ConnectFailure } from './dial/connect-failure.ts'
import { rootsFromFile } from './dial/tls.ts'
import type { TlsOptions } from './dial/tls.ts'
import { LakebaseError } from './errors.ts'
import { momentWord } from './moment.ts'
import type { Environment } from './workspace/databrickscfg.ts'
import type { CredentialClaim } from './workspace/workspace.ts'

export interface ConnectorOptions {
  /**
   * `projects/…/branches/…/endpoints/…`. Default: LAKEBASE_ENDPOINT, ENDPOINT_NAME, PGENDPOINT, then the endpoint that PGHOST belongs to,
   * looked up: an app with a database as its resource is told no more.
   */
  endpoint?: string | undefined
  /** Default: PGHOST, then the endpoint's own host, looked up. */
  host?: string | undefined
  /** Default: PGPORT, then 5432. */
  port?: number | undefined
  /** Default: PGDATABASE, then databricks_postgres. */
  database?: string | undefined
  /** The role. Default: PGUSER, then the workspace identity. */
  user?: string | undefined
  /** How to sign in to the workspace, an SDK client, or a function that gives credentials. Default: as the SDKs do. */
  auth?: ConnectorAuth | undefined
  /** `driver`: the driver has a native password and logs in itself; no credential is asked for. Default: token. */
  login?: 'token' | 'driver' | undefined
  credential?:
    | {
        /** 300 to 3600 on Lakebase; default: the API's own (3600). */
        ttlSeconds?: number | undefined
        claims?: readonly CredentialClaim[] | undefined
        /** Log in as this group's role. */
        group?: string | undefined
        /** The part of the life after which the background refresh begins. Default 0.5. */
        refreshAt?: number | undefined
        /** One request, in ms. Default 8000. */
        timeoutMs?: number | undefined
      }
    | undefined
  connect?:
    | {
        /** All attempts of one connection together, in ms. Default 30000. */
        timeoutMs?: number | undefined
        /** TCP and TLS of one attempt, in ms. Default 10000. */
        attemptTimeoutMs?: number | undefined
        /** How long the server may hold a login while its endpoint wakes, in ms. Default 25000. */
        loginTimeoutMs?: number | undefined
        /** Keep trying for so long after a refusal of a new token, for roles and branches just made, in ms. Default 0. */
        newRoleGraceMs?: number | undefined
        /** True: try again; false: give up; undefined: as the library judges. */
        retryOn?: ((failure: ConnectFailure) => boolean | undefined) | undefined
      }
    | undefined
  tls?: TlsOptions | undefined
  /** Stands before the library's own name in `application_name`. Default: PGAPPNAME. */
  applicationName?: string | undefined
  /** Read the database as it was then: a Date, or RFC 3339 with a zone, to the microsecond. Nothing can be written there. */
  timestamp?: Date | string | undefined
  /** The same by a position in the log. */
  lsn?: string | undefined
  /** For tests. */
  clock?: Clock | undefined
  /** Where variables are read from. Default: process.env. */
  env?: Environment | undefined
}

export interface ConnectorSettings {
  readonly endpoint: string | undefined
  readonly host: string | undefined
  readonly port: number
  readonly database: string
  readonly user: string | undefined
  readonly auth: ConnectorAuth | undefined
  readonly login: 'token' | 'driver'
  readonly credential: Omit<CredentialOptions, 'endpoint' | 'host'> & {
    refreshAt: number | undefined
    timeoutMs: number | undefined
  }
  readonly connect: {
    readonly timeoutMs: number
    readonly attemptTimeoutMs: number
    readonly loginTimeoutMs: number
    readonly newRoleGraceMs: number
    readonly retryOn: ((failure: ConnectFailure) => boolean | undefined) | undefined
  }
  readonly tls: TlsOptions
  readonly applicationName: string
  /** For the startup parameter `options`; undefined: the present. */
  readonly moment: string | undefined
  readonly clock: Clock
  readonly env: Environment
}

/** The library's part of `application_name`. */
export const libraryName = 'lakelet-connect/0.1.0'

/** Resolves options and environment. Throws CONFIGURATION naming the option or variable at fault. */
export function connectorSettings(options: ConnectorOptions): ConnectorSettings {
  const env = options.env ?? process.env
  const login = options.login ?? 'token'
  const endpoint = endpointName(options.endpoint, env)
  const host = options.host || env['PGHOST'] || undefined
  if (login === 'token' && !endpoint && !canLookUp(options.auth, host)) {
    throw new LakebaseError(
      'CONFIGURATION',
      'no database is named: give the app a database as its resource, which sets PGHOST, or set LAKEBASE_ENDPOINT (or ENDPOINT_NAME) to projects/…/branches/…/endpoints/…, or pass endpoint',
    )
  }
  if (!host && !endpoint)
    throw new LakebaseError('CONFIGURATION', 'no host: set PGHOST, or pass host or endpoint')
  const { credential = {}, connect = {} } = options
  const timeoutMs = positive(connect.timeoutMs ?? 30_000, 'connect.timeoutMs')
  return {
    endpoint,
    host,
    port: port(options.port, env['PGPORT']),
    database: options.database || env['PGDATABASE'] || 'databricks_postgres',
    user: options.user || env['PGUSER'] || undefined,
    auth: options.auth,
    login,
    credential: {
      ttlSeconds: credential.ttlSeconds,
      claims: credential.claims,
      group: credential.group,
      refreshAt: credential.refreshAt,
      timeoutMs: credential.timeoutMs,
    },
    connect: {
      timeoutMs,
      attemptTimeoutMs: positive(connect.attemptTimeoutMs ?? 10_000, 'connect.attemptTimeoutMs'),
      loginTimeoutMs: positive(connect.loginTimeoutMs ?? 25_000, 'connect.loginTimeoutMs'),
      newRoleGraceMs: connect.newRoleGraceMs ?? 0,
      retryOn: connect.retryOn,
    },
    tls: tlsSettings(options.tls ?? {}, env, login),
    applicationName: [options.applicationName ?? env['PGAPPNAME'], libraryName].filter(Boolean).join(' '),
    moment: momentWord(options),
    clock: options.clock ?? systemClock,
    env,
  }
}

/** Whoever gives credentials by a function needs no name; who asks the API can look it up by the host. */
function canLookUp(auth: ConnectorAuth | undefined, host: string | undefined): boolean {
  if (typeof auth === 'function') return true
  return host !== undefined && !(auth && 'generateDatabaseCredential' in auth)
}

function endpointName(option: string | undefined, env: Environment): string | undefined {
  const variable = ['LAKEBASE_ENDPOINT', 'ENDPOINT_NAME', 'PGENDPOINT'].find((name) => env[name])
  const text = option || (variable && env[variable]) || undefined
  if (text === undefined || /^projects\/[^/]+\/branches\/[^/]+\/endpoints\/[^/]+$/.test(text)) return text
  throw new LakebaseError(
    'CONFIGURATION',
    `${option ? 'endpoint' : variable} '${text}' is not the name of an endpoint: it reads projects/…/branches/…/endpoints/…`,
  )
}

function port(option: number | undefined, variable: string | undefined): number {
  if (option === undefined && !variable) return 5432
  const number = option ?? (/^\d+$/.test(variable ?? '') ? Number(variable) : Number.NaN)
  if (Number.isInteger(number) && number >= 1 && number <= 65_535) return number
  const named = option === undefined ? `PGPORT '${variable}'` : `port ${option}`
  throw new LakebaseError('CONFIGURATION', `${named} is not a number from 1 to 65535`)
}

function positive(ms: number, name: string): number {
  if (Number.isFinite(ms) && ms > 0) return ms
  throw new LakebaseError('CONFIGURATION', `${name} must be a number of milliseconds above 0, not ${ms}`)
}

/** Every PGSSLMODE means verified TLS here, but `disable`, which would send a token in the clear. */
function tlsSettings(tls: TlsOptions, env: Environment, login: 'token' | 'driver'): TlsOptions {
  const mode = env['PGSSLMODE']
  if (mode === 'disable' && !tls.unsafePlaintext) {
    throw new LakebaseError(
      'PLAINTEXT_REFUSED',
      'PGSSLMODE=disable: passwords and tokens go over TLS only. Unset it, or, for a native password on a network you trust, pass tls: { unsafePlaintext: true } and login: "driver".',
    )
  }
  if (tls.unsafePlaintext && login === 'token') {
    throw new LakebaseError(
      'PLAINTEXT_REFUSED',
      'tls.unsafePlaintext needs login: "driver": a token is never sent without TLS',
    )
  }
  const ca = tls.ca ?? rootsFromFile(env['PGSSLROOTCERT'])
  return ca === undefined ? tls : { ...tls, ca }
}
