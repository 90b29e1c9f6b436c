// The settings of a workspace: defaults, then <data-dir>/lakelet.toml, then LAKELET_* variables, then flags.
// Nothing else reads the file or those variables. An unknown key is an error that names the nearest known one.
import { existsSync, readFileSync } from 'node:fs'
import { parse as parseToml, TomlError } from 'smol-toml'
import { nearest } from '@lakelet/api'
import { z } from 'zod'
import { LakeletError } from './errors.ts'

const seconds = (minimum: number, maximum: number) => z.coerce.number().int().min(minimum).max(maximum)

/** Every setting with its default beside it. */
const schema = z.strictObject({
  /** Part of the host names of endpoints. */
  region: z
    .string()
    .regex(/^[a-z0-9-]+$/, 'must be lower-case letters, digits and hyphens')
    .default('local'),
  /** Domain under which endpoints get host names, where such names resolve on this machine. */
  postgresDomain: z
    .string()
    .regex(/^[a-z0-9.-]+$/, 'must be a DNS name')
    .default('localhost'),
  log: z
    .strictObject({ level: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info') })
    .prefault({}),
  owner: z
    .strictObject({
      /** E-mail address of the person whose workspace this is; fixed at the first start. */
      email: z.email().optional(),
    })
    .prefault({}),
  credentials: z
    .strictObject({
      /** Life of a database credential for which no life was asked, in seconds. */
      defaultTtlSeconds: seconds(1, 3600).default(3600),
      /** Shortest life that may be asked, in seconds. */
      minTtlSeconds: seconds(1, 3600).default(300),
    })
    .prefault({}),
  scaleToZero: z
    .strictObject({
      /** Seconds without activity after which an endpoint of a new project is suspended. */
      defaultSeconds: seconds(1, 604_800).default(86_400),
    })
    .prefault({}),
  computes: z
    .strictObject({
      /** Whether computes are held to their size in CPU and memory: `auto`, where this host lets us; `off`, never. */
      limits: z.enum(['auto', 'off']).default('auto'),
      /** Memory for all computes together, in megabytes; 0 = four fifths of what this host, or its container, has. */
      memoryMegabytes: z.coerce.number().int().min(0).default(0),
      /** Seconds that a compute waits for memory when it is to start and there is none. */
      waitSeconds: seconds(0, 600).default(20),
      /** Computes of one project that may be awake at once, those of its default branch not counted. */
      activePerProject: z.coerce.number().int().min(0).max(10_000).default(20),
    })
    .prefault({}),
  parking: z
    .strictObject({
      /** Whether idle sessions outlive the sleep of their computes, where an endpoint does not say otherwise. */
      sessions: z.enum(['on', 'off']).default('on'),
      /** Seconds for which an idle session that cannot be parked keeps its compute awake, where sessions are parked. */
      keepAwakeSeconds: seconds(0, 604_800).default(3600),
      /** Megabytes that what is kept of all parked sessions may take together. */
      maxMegabytes: z.coerce.number().int().min(1).max(65_536).default(256),
    })
    .prefault({}),
  postgres: z
    .strictObject({
      /** Directory of a Postgres of this machine, such as /usr/lib/postgresql/NN: new projects of its major version get it. */
      installation: z.string().optional(),
    })
    .prefault({}),
  gateway: z
    .strictObject({
      /** Threads that carry the connections of Postgres clients; 0 = the thread of everything else. */
      workers: z.coerce.number().int().min(0).max(64).default(0),
      /** Transaction pooling: hosts with `-pooler`, or `options=pool=transaction`. */
      pool: z
        .strictObject({
          /** Most backends for one database and role of an endpoint; 0 = nine tenths of its max_connections. */
          size: z.coerce.number().int().min(0).max(4_000).default(0),
          /** Most pooled clients of one endpoint. */
          maxClients: z.coerce.number().int().min(1).max(100_000).default(10_000),
          /** Seconds that a client waits for a backend. */
          queueSeconds: seconds(1, 3600).default(120),
          /** Seconds after which a backend that nobody needed is closed. */
          idleSeconds: seconds(1, 86_400).default(60),
          /** Seconds after which a backend is closed once it is free. */
          lifetimeSeconds: seconds(1, 604_800).default(3600),
          /** Prepared statements that one backend keeps. */
          maxPreparedStatements: z.coerce.number().int().min(1).max(10_000).default(200),
        })
        .prefault({}),
    })
    .prefault({}),
  history: z
    .strictObject({
      /** Most that the past of one branch may take on disk, in gigabytes; the oldest is forgotten first. */
      maxGigabytes: z.coerce.number().positive().default(16),
    })
    .prefault({}),
  archive: z
    .strictObject({
      /** Where the whole workspace is kept in an object store beside: s3://bucket/prefix. */
      url: z
        .string()
        .regex(/^s3:\/\/[^/]+/, 'must be of the form s3://bucket/prefix')
        .optional(),
      /** Address of an S3-compatible store that is not AWS' own, such as http://127.0.0.1:7070. */
      endpoint: z
        .url({ protocol: /^https?$/, error: 'must be an address such as https://s3.example.com' })
        .optional(),
      region: z.string().optional(),
      /** What the archive is closed with: without it nobody can read it. */
      passphrase: z.string().min(12, 'must have 12 characters at least').optional(),
      /** A file with the passphrase in its first line; relative to the data directory. */
      passphraseFile: z.string().optional(),
      /** Seconds between two looks at the unfinished log of branches that are awake: what may be lost with the machine. */
      everySeconds: seconds(1, 3600).default(30),
      /** Branches that are sent at the same time. */
      parallel: z.coerce.number().int().min(1).max(16).default(2),
      /** Most megabytes that are sent in a second; 0 = as many as go. */
      megabytesPerSecond: z.coerce.number().min(0).default(0),
      /** Gigabytes that may wait here for a store that cannot be reached; beyond, the past is forgotten as if there were none. */
      maxWaitingGigabytes: z.coerce.number().positive().default(32),
    })
    .prefault({}),
  timeTravel: z
    .strictObject({
      /** Moments of the past that may be open for reading at once; 0 = none. */
      maxMoments: z.coerce.number().int().min(0).max(1000).default(8),
      /** Seconds without activity after which one is closed and its files are removed. */
      idleSeconds: seconds(1, 86_400).default(300),
    })
    .prefault({}),
  apps: z
    .strictObject({
      /** Whether each app gets its own network, files and processes: where this host lets us, or never. */
      isolation: z.enum(['auto', 'off']).default('auto'),
      /** Whether apps are held to their compute size: where this host lets us, or never. */
      limits: z.enum(['auto', 'off']).default('auto'),
      /** Ports of this machine's loopback that apps reach beside the workspace's, such as 6379 of a Redis. */
      localPorts: z
        .preprocess(
          (value) => (typeof value === 'string' ? value.split(',') : value),
          z.array(z.coerce.number().int().min(1).max(65_535)),
        )
        .default([]),
    })
    .prefault({}),
  telemetry: z
    .strictObject({
      /** Base address of an OpenTelemetry collector that the metrics are sent to (OTLP over HTTP); OTEL_EXPORTER_OTLP_ENDPOINT says it, too. */
      otlpEndpoint: z
        .url({ protocol: /^https?$/, error: 'must be an address such as http://127.0.0.1:4318' })
        .optional(),
      /** Between two exports. */
      exportSeconds: seconds(1, 3600).default(60),
    })
    .prefault({}),
  limits: z
    .strictObject({
      /** REST requests per second that one principal may send on average. */
      requestsPerSecond: z.coerce.number().positive().default(500),
    })
    .prefault({}),
})

export type Config = Readonly<z.output<typeof schema>>

export interface ConfigSources {
  /** Path of a TOML file; it need not exist. */
  readonly file?: string
  /** Usually `process.env`: `LAKELET_CREDENTIALS_DEFAULT_TTL_SECONDS` sets `credentials.defaultTtlSeconds`. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Values that win over everything else, nested as in the file. */
  readonly flags?: Readonly<Record<string, unknown>>
}

/** Reads, merges and checks the settings; LakeletError `config_invalid` says where a value comes from. */
export function loadConfig(sources: ConfigSources): Config {
  const fromFile = sources.file && existsSync(sources.file) ? readToml(sources.file) : {}
  check(fromFile, sources.file ?? '')
  const fromEnv = readEnvironment(sources.env ?? {})
  check(fromEnv, 'the environment')
  return Object.freeze(check(merge(merge(fromFile, fromEnv), sources.flags ?? {}), 'the command line'))
}

function readToml(file: string): Record<string, unknown> {
  try {
    return parseToml(readFileSync(file, 'utf8'))
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const reason = `line ${error.line}, column ${error.column}: ${error.message.split('\n')[0]}`
    throw new LakeletError('config_invalid', { source: file, reason }, { cause: error })
  }
}

function check(value: unknown, source: string): z.output<typeof schema> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new LakeletError('config_invalid', { source, reason: result.error.issues.map(describe).join('; ') })
}

function describe(issue: z.core.$ZodIssue): string {
  const at = issue.path.map(String)
  if (issue.code !== 'unrecognized_keys') return `'${at.join('.')}': ${issue.message}`
  return issue.keys.map((key) => unknownKey([...at, key].join('.'))).join('; ')
}

function unknownKey(key: string): string {
  const suggestion = nearest(key, knownKeys())
  return `there is no setting '${key}'${suggestion ? `; did you mean '${suggestion}'?` : `; known: ${knownKeys().join(', ')}`}`
}

let keys: readonly string[] | undefined
/** Dotted names of all settings. */
function knownKeys(): readonly string[] {
  keys ??= leaves(schema)
  return keys
}

function leaves(object: z.ZodObject, prefix = ''): string[] {
  return Object.entries(object.shape).flatMap(([name, type]) => {
    const inner = type instanceof z.ZodPrefault ? type.def.innerType : type
    return inner instanceof z.ZodObject ? leaves(inner, `${prefix}${name}.`) : [`${prefix}${name}`]
  })
}

/** Variables that belong to other parts of Lakelet, not to the settings. */
const OTHER_VARIABLES = new Set(['LAKELET_FAILPOINT', 'LAKELET_DATA_DIR'])

function readEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, unknown> {
  const byVariable = new Map(knownKeys().map((key) => [variableOf(key), key]))
  let values: Record<string, unknown> = {}
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.startsWith('LAKELET_') || OTHER_VARIABLES.has(variable) || value === undefined) continue
    const key = byVariable.get(variable)
    if (!key) {
      const suggestion = nearest(variable, [...byVariable.keys()])
      const reason = `there is no setting for '${variable}'${suggestion ? `; did you mean '${suggestion}'?` : ''}`
      throw new LakeletError('config_invalid', { source: 'the environment', reason })
    }
    values = merge(values, nest(key, value))
  }
  return values
}

function variableOf(key: string): string {
  return `LAKELET_${key
    .replace(/([A-Z])/g, '_$1')
    .replaceAll('.', '_')
    .toUpperCase()}`
}

function nest(key: string, value: unknown): Record<string, unknown> {
  return key.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), value) as Record<
    string,
    unknown
  >
}

function merge(
  below: Readonly<Record<string, unknown>>,
  above: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...below }
  for (const [name, value] of Object.entries(above)) {
    const lower = merged[name]
    merged[name] = isRecord(lower) && isRecord(value) ? merge(lower, value) : value
  }
  return merged
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
