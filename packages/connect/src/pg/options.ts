// Splits what the app passes into the connector's part and pg's part.
import type { ClientConfig } from 'pg'
import { connectorOrRefusal } from '../connector-or-refusal.ts'
import { createConnector } from '../connector.ts'
import type { Connector } from '../connector-types.ts'
import type { TlsOptions } from '../dial/tls.ts'
import { LakebaseError } from '../errors.ts'
import type { ConnectorOptions } from '../settings.ts'

const connectorKeys = [
  'endpoint',
  'auth',
  'login',
  'credential',
  'connect',
  'tls',
  'applicationName',
  'timestamp',
  'lsn',
  'clock',
  'env',
] as const satisfies readonly (keyof ConnectorOptions)[]

/** The connector's options that are no options of pg; host, port, user and database are both. */
export type ConnectorPart = Pick<ConnectorOptions, (typeof connectorKeys)[number]> & {
  /** An existing connector, shared with others. Then the connector's own options do not apply here. */
  connector?: Connector | undefined
}

export interface SplitOptions<Config> {
  readonly connector: Connector
  readonly ownsConnector: boolean
  readonly config: Config
}

/** The connector's options apart from all others. */
export function takeConnectorPart<Options extends ConnectorPart>(
  given: Options,
): { connector: Connector | undefined; own: ConnectorOptions; rest: Omit<Options, keyof ConnectorPart> } {
  const { connector, ...options } = given
  const own: ConnectorOptions = {}
  const rest = { ...options } as Record<string, unknown>
  for (const key of connectorKeys) {
    if (rest[key] !== undefined) Object.assign(own, { [key]: rest[key] })
    delete rest[key]
  }
  return { connector, own, rest: rest as Omit<Options, keyof ConnectorPart> }
}

/** The connector to use and the options for pg. What is wrong with them is said by the first connection, as pg itself does. */
export function splitOptions<Config extends ClientConfig>(
  given: Config & ConnectorPart,
): SplitOptions<Config> {
  const { connector: shared, own, rest } = takeConnectorPart(given)
  const config: Record<string, unknown> = { ...rest }
  const connector = connectorOrRefusal(() => {
    Object.assign(config, fromConnectionString(given.connectionString))
    if (config['stream']) {
      throw new LakebaseError('CONFIGURATION', 'stream is what this library provides; leave it out')
    }
    return (
      shared ??
      createConnector({ ...own, ...shareable(config), ...loginOf(config, own), tls: tlsOf(config, own) })
    )
  })
  delete config['ssl']
  delete config['connectionString']
  return {
    connector,
    ownsConnector: shared === undefined,
    config: {
      // Our own timeout must win, for its error says why.
      connectionTimeoutMillis: (own.connect?.timeoutMs ?? 30_000) + 1000,
      ...config,
      ...connector.getOptions(),
      // Never left to pg: it would look for ~/.pgpass and warn.
      password: config['password'] ?? 'the connector knows',
    } as unknown as Config,
  }
}

function shareable(config: Record<string, unknown>): ConnectorOptions {
  const { host, port, user, database } = config
  const asText = (value: unknown) => (typeof value === 'string' ? value : undefined)
  return {
    host: asText(host),
    user: asText(user),
    database: asText(database),
    port: typeof port === 'number' || typeof port === 'string' ? Number(port) : undefined,
  }
}

/** With a password of its own the app logs in to a native role; no credential is asked for. */
function loginOf(config: Record<string, unknown>, own: ConnectorOptions): Pick<ConnectorOptions, 'login'> {
  return { login: own.login ?? (config['password'] === undefined ? 'token' : 'driver') }
}

function tlsOf(config: Record<string, unknown>, own: ConnectorOptions): TlsOptions {
  const { ssl } = config as {
    ssl?: boolean | { ca?: string | Buffer; servername?: string; rejectUnauthorized?: boolean }
  }
  if (typeof ssl !== 'object' || ssl === null) return own.tls ?? {}
  if (ssl.rejectUnauthorized === false) {
    throw new LakebaseError(
      'CONFIGURATION',
      'ssl.rejectUnauthorized: false would give the token to anyone; the certificate is always checked. For a private CA pass ssl: { ca } or set PGSSLROOTCERT.',
    )
  }
  return {
    ...(ssl.ca === undefined ? {} : { ca: ssl.ca }),
    ...(ssl.servername === undefined ? {} : { serverName: ssl.servername }),
    ...own.tls,
  }
}

/** The parts of `postgresql://user:password@host:port/database?name=value`; TLS settings in it are the connector's affair. */
function fromConnectionString(text: string | undefined): Record<string, string> {
  if (!text) return {}
  let url: URL
  try {
    url = new URL(text)
  } catch (error) {
    throw new LakebaseError('CONFIGURATION', 'connectionString is not a URL', { cause: error })
  }
  const parameters = [...url.searchParams].filter(
    ([name]) => !name.startsWith('ssl') && name !== 'channel_binding',
  )
  const parts = {
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    host: decodeURIComponent(url.hostname),
    port: url.port,
    database: decodeURIComponent(url.pathname.slice(1)),
  }
  return {
    ...Object.fromEntries(parameters),
    ...Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== '')),
  }
}
