// The connector itself: what it finds out by itself, the ways to sign in, what it tells.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Attributes, Meter, ObservableCallback, Tracer } from '@opentelemetry/api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createConnector } from '../src/index.ts'
import type { ConnectorOptions } from '../src/index.ts'
import { observePool } from '../src/otel/index.ts'
import { createPool } from '../src/pg/index.ts'
import { startTestLakebase } from '../src/testing/index.ts'
import type { TestLakebase } from '../src/testing/index.ts'
import { startTestPostgres } from './postgres.ts'
import type { TestPostgres } from './postgres.ts'

let postgres: TestPostgres
let lakebase: TestLakebase
let directory: string

beforeAll(async () => {
  postgres = await startTestPostgres()
  lakebase = await startTestLakebase({ upstream: postgres })
  directory = await mkdtemp(path.join(tmpdir(), 'lakelet-connect-signin-'))
})

afterAll(async () => {
  await lakebase?.stop()
  await postgres?.stop()
  await rm(directory, { recursive: true, force: true })
})

const without = (...names: string[]) =>
  Object.fromEntries(Object.entries(lakebase.env).filter(([name]) => !names.includes(name)))

async function currentUser(options: ConnectorOptions): Promise<string | undefined> {
  await using pool = createPool(options)
  const { rows } = await pool.query<{ u: string }>('select current_user as u')
  return rows[0]?.u
}

describe('what is not said is found out', () => {
  test('the host, from the endpoint', async () => {
    expect(await currentUser({ env: without('PGHOST') })).toBe('postgres')
  })

  test('the user, from the workspace', async () => {
    expect(await currentUser({ env: without('PGUSER') })).toBe('postgres')
    expect(lakebase.controlPlane.requests.map((each) => each.path)).toContain('/api/2.0/preview/scim/v2/Me')
  })

  test('the endpoint, from PGHOST, which is all that a database as a resource sets', async () => {
    await using pool = createPool({ env: without('LAKEBASE_ENDPOINT') })
    await expect(pool.query('select 1')).rejects.toMatchObject({
      code: 'CONFIGURATION',
      message: expect.stringMatching(/^no endpoint .* host 127\.0\.0\.1 \(PGHOST\)/) as string,
    })
    const paths = lakebase.controlPlane.requests.map((each) => each.path)
    expect(paths).toContain('/api/2.0/postgres/projects')
  })

  test('ready() resolves when a login works, and tells why not', async () => {
    await using connector = createConnector({ env: lakebase.env })
    await connector.ready()
    expect(connector.stats().connections.opened).toBe(1)
    await using other = createConnector({
      env: { ...lakebase.env, LAKEBASE_ENDPOINT: 'projects/p/branches/b/endpoints/none' },
    })
    await expect(other.ready()).rejects.toMatchObject({ code: 'ENDPOINT_NOT_FOUND' })
  })

  test('what is missing is named', async () => {
    expect(() => createConnector({ env: {} })).toThrow(/LAKEBASE_ENDPOINT/)
    const wrong: [env: Record<string, string>, message: RegExp][] = [
      [{ LAKEBASE_ENDPOINT: 'ep-1' }, /^LAKEBASE_ENDPOINT 'ep-1'.*projects\/…\/branches\/…\/endpoints\/…/],
      [{ ENDPOINT_NAME: 'ep-1' }, /^ENDPOINT_NAME 'ep-1'/],
      [{ PGHOST: 'h', PGPORT: '5432;drop' }, /^PGPORT '5432;drop' is not a number/],
      [{ PGHOST: 'h', PGSSLROOTCERT: '/nowhere' }, /^PGSSLROOTCERT names \/nowhere/],
    ]
    for (const [env, message] of wrong) expect(() => createConnector({ env })).toThrow(message)
    const pools = [
      createPool({ env: lakebase.env, stream: (() => {}) as never }),
      createPool({ env: {} }),
      createPool({ connectionString: 'nonsense', env: lakebase.env }),
    ]
    for (const [index, message] of [/stream/, /LAKEBASE_ENDPOINT/, /is not a URL/].entries()) {
      const pool = pools[index]
      await expect(pool?.query('select 1')).rejects.toMatchObject({
        code: 'CONFIGURATION',
        message: expect.stringMatching(message) as string,
      })
      await expect(pool?.connector.ready()).rejects.toThrow(message)
      await pool?.end()
    }
  })
})

describe('ways to sign in', () => {
  const { user } = { user: 'postgres' }

  test('as a service principal, with its id as the role', async () => {
    const env = {
      ...without('DATABRICKS_TOKEN', 'PGUSER'),
      DATABRICKS_CLIENT_ID: user,
      DATABRICKS_CLIENT_SECRET: 'test-secret',
    }
    expect(await currentUser({ env })).toBe(user)
    expect(lakebase.controlPlane.loginCalls).toBeGreaterThan(0)
  })

  test('with what the CLI keeps', async () => {
    const home = path.join(directory, 'home')
    await mkdir(path.join(home, '.databricks'), { recursive: true })
    const tokens = {
      [lakebase.controlPlane.origin]: {
        access_token: 'test-secret',
        expiry: new Date(Date.now() + 600_000).toISOString(),
      },
    }
    await writeFile(path.join(home, '.databricks/token-cache.json'), JSON.stringify({ version: 1, tokens }))
    expect(await currentUser({ env: { ...without('DATABRICKS_TOKEN'), HOME: home } })).toBe(user)
  })

  test('through the CLI', async () => {
    const cli = path.join(directory, 'databricks')
    await writeFile(
      cli,
      `#!/bin/sh\necho '{"access_token":"test-secret","token_type":"Bearer","expiry":"2999-01-01T00:00:00Z"}'\n`,
    )
    await chmod(cli, 0o755)
    const env = {
      ...without('DATABRICKS_TOKEN'),
      HOME: directory,
      PATH: '/usr/bin:/bin',
      DATABRICKS_CLI_PATH: cli,
    }
    expect(await currentUser({ env })).toBe(user)
  })

  test('with nothing: the message says what was looked for', async () => {
    const env = { ...without('DATABRICKS_TOKEN'), HOME: directory, PATH: '/nowhere' }
    await expect(currentUser({ env })).rejects.toThrow(
      /DATABRICKS_TOKEN.*DATABRICKS_CLIENT_ID.*'databricks' program/,
    )
  })

  test('with a function of the app', async () => {
    const reasons: string[] = []
    const auth = async ({ reason }: { reason: string }) => {
      reasons.push(reason)
      return { token: lakebase.tokens.issue(user, 60_000), ttlMs: 60_000 }
    }
    expect(await currentUser({ env: without('DATABRICKS_HOST', 'DATABRICKS_TOKEN'), auth })).toBe(user)
    expect(reasons).toEqual(['first'])
  })

  test('claims, life and group are asked for', async () => {
    await using connector = createConnector({
      env: lakebase.env,
      credential: {
        ttlSeconds: 600,
        group: 'readers',
        claims: [{ permissionSet: 'READ_ONLY', resources: [{ tableName: 'c.s.t' }] }],
      },
    })
    await connector.getCredential()
    expect(JSON.parse(lakebase.controlPlane.requests.at(-1)?.body ?? '')).toEqual({
      endpoint: lakebase.env['LAKEBASE_ENDPOINT'],
      ttl: '600s',
      claims: [{ permission_set: 'READ_ONLY', resources: [{ table_name: 'c.s.t' }] }],
      group_name: 'readers',
    })
  })

  test('no plain http to another machine', async () => {
    const env = { ...lakebase.env, DATABRICKS_HOST: 'http://198.51.100.1' }
    await expect(currentUser({ env })).rejects.toMatchObject({ code: 'PLAINTEXT_REFUSED' })
  })
})

describe('what it tells', () => {
  test('events, counters, diagnostics_channel', async () => {
    const published: unknown[] = []
    const listen = (message: unknown) => void published.push(message)
    subscribe('lakelet-connect:connected', listen)
    await using pool = createPool({ env: lakebase.env, credential: { ttlSeconds: 1234 } })
    const told: string[] = []
    pool.connector
      .on('refresh', ({ reason }) => told.push(`refresh ${reason}`))
      .on('retry', ({ code }) => told.push(`retry ${code}`))
    pool.connector
      .on('woke', () => told.push('woke'))
      .on('rejected', ({ code }) => told.push(`rejected ${code}`))
    lakebase.proxy.next({ at: 'login', action: { code: '57P03', message: 'starting up' } })
    await pool.query('select 1')
    lakebase.tokens.revokeAll()
    const client = await pool.connect()
    const other = await pool.connect()
    client.release()
    other.release()
    unsubscribe('lakelet-connect:connected', listen)
    expect(told).toEqual([
      'refresh first',
      'retry 57P03',
      'woke',
      'rejected 28P01',
      'refresh rejected',
      'retry 28P01',
    ])
    expect(pool.connector.stats()).toMatchObject({
      credential: { requests: 2, refreshes: 2, forced: 1 },
      connections: { open: 2, opened: 2, retries: 2, rejected: 1, wakes: 1 },
    })
    expect(published).toHaveLength(2)
    expect(JSON.stringify(published)).not.toContain('eyJ')
  })

  test('OpenTelemetry, by the semantic conventions and without SQL text', async () => {
    const recorder = new Recorder()
    await using pool = createPool({ env: lakebase.env, max: 7 })
    const stop = observePool(pool, {
      meter: recorder as unknown as Meter,
      tracer: recorder as unknown as Tracer,
      poolName: 'notes',
    })
    await pool.query("select 'very secret text'")
    await expect(pool.query('select 1/0')).rejects.toThrow('division by zero')
    await pool.query({ text: '/* hint */ select 1' })
    expect(recorder.of('db.client.operation.duration')).toEqual([
      expect.objectContaining({
        'db.operation.name': 'SELECT',
        'db.system.name': 'postgresql',
        'db.namespace': 'postgres',
      }),
      expect.objectContaining({
        'db.operation.name': 'SELECT',
        'error.type': '22012',
        'db.response.status_code': '22012',
      }),
      expect.objectContaining({ 'db.operation.name': 'OTHER' }),
    ])
    // pg's pool replaces a connection on which a query failed.
    const named = { 'db.client.connection.pool.name': 'notes' }
    expect(recorder.of('db.client.connection.create_time')).toEqual([named, named])
    expect(recorder.observe('db.client.connection.count')).toEqual([
      [1, { 'db.client.connection.pool.name': 'notes', 'db.client.connection.state': 'idle' }],
      [0, { 'db.client.connection.pool.name': 'notes', 'db.client.connection.state': 'used' }],
    ])
    expect(recorder.observe('db.client.connection.max')).toEqual([
      [7, { 'db.client.connection.pool.name': 'notes' }],
    ])
    expect(recorder.of('span connect')).toHaveLength(2)
    stop()
    await pool.query('select 1')
    expect(recorder.of('db.client.operation.duration')).toHaveLength(3)
    expect(JSON.stringify(recorder.seen)).not.toMatch(/very secret|hint|eyJ/)
  })
})

/** Keeps what a meter and a tracer are given. */
class Recorder {
  readonly seen: [string, Attributes][] = []
  readonly #callbacks = new Map<string, ObservableCallback>()

  of(name: string): Attributes[] {
    return this.seen.flatMap(([each, attributes]) => (each === name ? [attributes] : []))
  }

  observe(name: string): [number, Attributes | undefined][] {
    const values: [number, Attributes | undefined][] = []
    void this.#callbacks.get(name)?.({
      observe: (value, attributes) => void values.push([value, attributes]),
    })
    return values
  }

  createHistogram(name: string) {
    return { record: (_value: number, attributes: Attributes) => void this.seen.push([name, attributes]) }
  }

  createObservableUpDownCounter(name: string) {
    return {
      addCallback: (callback: ObservableCallback) => void this.#callbacks.set(name, callback),
      removeCallback: () => void this.#callbacks.delete(name),
    }
  }

  startSpan(name: string, { attributes = {} }: { attributes?: Attributes }) {
    this.seen.push([`span ${name}`, attributes])
    const span = { end: () => {}, setStatus: () => span, setAttribute: () => span }
    return span
  }
}
