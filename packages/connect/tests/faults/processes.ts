// F27 to F32: closing, exiting, copies of libraries, many pools, workers, identities that change.
import assert from 'node:assert/strict'
import { execFile, fork } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { buildConnector } from '../../build.ts'
import { createConnector } from '../../src/index.ts'
import { createPool } from '../../src/pg/index.ts'
import { connectOnce, shown, timed, until, wait } from './measure.ts'
import type { Rig, Scenario } from './scenario.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../../..', import.meta.url))
const flags = ['--conditions=lakelet:source', '--disable-warning=ExperimentalWarning']

export const processScenarios: readonly Scenario[] = [
  {
    id: 'F27',
    fault: '`close()` during a refresh, during a wake, with borrowed clients',
    expected: 'resolves, and the process exits within a second',
    async run(rig) {
      const times: number[] = []
      for (const during of ['refresh', 'wake', 'borrowed'] as const) {
        const lakebase = await rig.start()
        const connector = createConnector(rig.options(lakebase.env))
        const pool = createPool({ connector })
        if (during === 'refresh') lakebase.controlPlane.always({ kind: 'hang' })
        if (during === 'wake') lakebase.proxy.always({ at: 'login', action: 'silence' })
        const pending = timed(() => pool.connect())
        if (during === 'borrowed') await pending
        else await wait(200)
        const { ms } = await timed(() => connector.close())
        assert.ok(ms < 1000)
        times.push(ms)
        const { error } = await pending
        if (during !== 'borrowed') assert.equal(error?.code, 'CLOSED')
        await until(
          'the sockets are gone',
          () => lakebase.proxy.openSockets + lakebase.controlPlane.openSockets === 0,
          1000,
        )
      }
      return `closed after ${times.map(shown).join(', ')}`
    },
  },
  {
    id: 'F28',
    fault: 'a script never closes its pool',
    expected: 'with allowExitOnIdle it exits when idle; no timer of ours holds it',
    async run(rig) {
      const lakebase = await rig.start()
      const script = `
        import { createPool } from 'lakelet-connect/pg'
        const pool = createPool({ allowExitOnIdle: true })
        await pool.query('select 1')
        process.on('exit', () => console.log('exits'))`
      const { ms, value } = await timed(() => script24(script, lakebase.env))
      assert.match(value ?? '', /exits/)
      return `the script ended ${shown(ms)} after its start`
    },
  },
  {
    id: 'F29',
    fault: 'two copies of pg; the library loaded as ESM and as CommonJS',
    expected: 'works, and one token cache serves all',
    async run(rig) {
      const lakebase = await rig.start()
      const directory = await mkdtemp(path.join(tmpdir(), 'lakelet-connect-f29-'))
      rig.defer(() => rm(directory, { recursive: true, force: true }))
      await buildConnector(path.join(directory, 'node_modules/lakelet-connect'))
      for (const name of [
        'pg-types',
        'pg-protocol',
        'pg-pool',
        'pg-connection-string',
        'pgpass',
        'pg-int8',
        'postgres-array',
        'postgres-bytea',
        'postgres-date',
        'postgres-interval',
        'xtend',
        'split2',
      ]) {
        await symlink(path.join(root, 'node_modules', name), path.join(directory, 'node_modules', name))
      }
      await cp(path.join(root, 'node_modules/pg'), path.join(directory, 'node_modules/pg'), {
        recursive: true,
      })
      await mkdir(path.join(directory, 'other/node_modules'), { recursive: true })
      await cp(path.join(root, 'node_modules/pg'), path.join(directory, 'other/node_modules/pg'), {
        recursive: true,
      })
      await writeFile(
        path.join(directory, 'other/pool.cjs'),
        'exports.pool = (connector) => new (require("pg").Pool)(connector.getOptions())',
      )
      await writeFile(
        path.join(directory, 'main.mjs'),
        `import { createPool } from 'lakelet-connect/pg'
         import { createConnector } from 'lakelet-connect'
         import { createRequire } from 'node:module'
         const require = createRequire(import.meta.url)
         const esm = createPool()
         const cjs = require('lakelet-connect/pg').createPool()
         const connector = createConnector()
         const bare = require('./other/pool.cjs').pool(connector)
         if (esm.constructor === cjs.constructor) throw new Error('not two copies')
         const pools = [esm, cjs, bare]
         for (const pool of pools) await pool.query('select 1')
         for (const pool of pools) await pool.end()
         await connector.close()`,
      )
      await run(process.execPath, [path.join(directory, 'main.mjs')], { env: { ...lakebase.env } })
      assert.equal(lakebase.controlPlane.credentialCalls, 1)
      return '3 pools over 2 copies of pg and 2 of the library: 1 request'
    },
  },
  {
    id: 'F30',
    fault: 'several pools, endpoints, identities',
    expected: 'the same identity shares a cache, others are apart, and what nobody uses is dropped',
    async run(rig) {
      const [one, two] = [await rig.start(), await rig.start({ user: 'postgres' })]
      const same = [createPool({ ...rig.options(one.env) }), createPool({ ...rig.options(one.env) })]
      const group = createPool({ ...rig.options(one.env, { credential: { group: 'team' } }) })
      const other = createPool({ ...rig.options(two.env) })
      const pools = [...same, group, other]
      await Promise.all(pools.map((pool) => connectOnce(pool)))
      assert.equal(one.controlPlane.credentialCalls, 2)
      assert.equal(two.controlPlane.credentialCalls, 1)
      await Promise.all(pools.map((pool) => pool.end()))
      const again = createPool({ ...rig.options(one.env) })
      rig.defer(() => again.end())
      await connectOnce(again)
      assert.equal(one.controlPlane.credentialCalls, 3, 'the cache outlived its users')
      return '4 pools, 3 kinds of credential, 3 requests; a new one after all were closed'
    },
  },
  {
    id: 'F31',
    fault: 'worker threads and forked processes',
    expected: 'each works by itself',
    async run(rig) {
      const lakebase = await rig.start()
      const pool = createPool({ ...rig.options(lakebase.env) })
      rig.defer(() => pool.end())
      await connectOnce(pool)
      const entry = fileURLToPath(new URL('one-query.ts', import.meta.url))
      const worker = new Worker(entry, { env: { ...lakebase.env }, execArgv: flags })
      const child = fork(entry, { env: { ...lakebase.env }, execArgv: flags })
      const [code, exit] = await Promise.all([
        new Promise((resolve) => worker.once('exit', resolve)),
        new Promise((resolve) => child.once('exit', resolve)),
      ])
      assert.deepEqual([code, exit], [0, 0])
      await connectOnce(pool)
      return 'a worker and a child connected and ended; the parent went on'
    },
  },
  {
    id: 'F32',
    fault: "a role is dropped and made again; a branch is restored; a service principal's secret is replaced",
    expected: 'recovers without a restart once the control plane agrees',
    async run(rig) {
      const lakebase = await rig.start()
      const pool = createPool({ ...rig.options(lakebase.env) })
      rig.defer(() => pool.end())
      await connectOnce(pool)
      lakebase.proxy.always({
        at: 'login',
        action: { code: '28P01', message: "password authentication failed for user 'app'" },
      })
      for (let i = 0; i < 5; i++) assert.equal((await timed(() => connectOnce(pool))).error?.code, '28P01')
      lakebase.tokens.revokeAll()
      lakebase.proxy.always(undefined)
      const { ms } = await timed(() =>
        until('logins work again', async () => !(await timed(() => connectOnce(pool))).error, 35_000),
      )
      await rotatesSecret(rig)
      return `logins worked again ${shown(ms)} after the role was back; the new secret in .databrickscfg was taken up`
    },
  },
]

async function rotatesSecret(rig: Rig): Promise<void> {
  const lakebase = await rig.start({ ttlMs: 1000 })
  const directory = await mkdtemp(path.join(tmpdir(), 'lakelet-connect-f32-'))
  rig.defer(() => rm(directory, { recursive: true, force: true }))
  const file = path.join(directory, '.databrickscfg')
  const write = (secret: string) =>
    writeFile(
      file,
      `[app]\nhost = ${lakebase.controlPlane.origin}\nclient_id = client\nclient_secret = ${secret}\n`,
    )
  await write(lakebase.controlPlane.secret)
  const { DATABRICKS_HOST: _host, DATABRICKS_TOKEN: _token, ...rest } = lakebase.env
  const env = { ...rest, DATABRICKS_CONFIG_FILE: file, DATABRICKS_CONFIG_PROFILE: 'app' }
  const pool = createPool({ ...rig.options(env) })
  rig.defer(() => pool.end())
  await connectOnce(pool)
  lakebase.controlPlane.secret = 'replaced'
  await wait(1200)
  assert.ok((await timed(() => connectOnce(pool))).error, 'the old secret still works')
  await write('replaced')
  await until('the new secret is used', async () => !(await timed(() => connectOnce(pool))).error, 10_000)
}

async function script24(text: string, env: Readonly<Record<string, string>>): Promise<string> {
  const { stdout } = await run(process.execPath, [...flags, '--input-type=module', '--eval', text], {
    env: { ...env, PGAPPNAME: process.env['PGAPPNAME'] },
    cwd: root,
    timeout: 90_000,
  })
  return stdout
}
