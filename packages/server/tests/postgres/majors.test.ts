// The major versions beside the usual one, which all other tests are about: what differs from version to version. `npm run soak` runs the
// tests of this room and of the driver for each of them.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Cluster,
  connectAdmin,
  DEFAULT_MAJOR,
  ensureOwnerRole,
  listRoles,
  OFFERED_MAJORS,
  readControlFile,
  readMajor,
  startProblem,
  writeIdentities,
} from '../../src/postgres/index.ts'
import { settingsCatalog } from '../../src/postgres/settings-catalog/index.ts'
import { isUserSetting } from '../../src/postgres/user-settings.ts'
import { type Storage, startStorage } from '../../src/storage/index.ts'
import { connectAs, installForTest, testLog, type TestInstallation, whyNotInstallable } from './installed.ts'
import { serverCatalog } from './server-catalog.ts'

const OWNER = 'jane.doe@example.com'
const APP = '3f1c9a52-0d4e-4b7a-9c55-6a1de0b7f001'

test('the settings that tune vacuum are the user’s in every version, whatever category they are in', () => {
  for (const name of settingsCatalog(DEFAULT_MAJOR).keys()) {
    const differing = OFFERED_MAJORS.filter(
      (major) =>
        settingsCatalog(major).has(name) && isUserSetting(name, major) !== isUserSetting(name, DEFAULT_MAJOR),
    )
    expect(differing, name).toEqual([])
  }
})

describe.each(OFFERED_MAJORS.filter((major) => major !== DEFAULT_MAJOR))('Postgres %i', (major) => {
  let missing: string | undefined
  let postgres: TestInstallation
  let storage: Storage

  beforeAll(async () => {
    missing = await whyNotInstallable(major)
    if (missing !== undefined) return
    postgres = await installForTest(major)
    storage = await startStorage({ postgres: postgres.postgres, log: testLog })
  })
  afterAll(() => postgres?.[Symbol.asyncDispose]())

  const start = (branch: string): Promise<Cluster> => postgres.start(storage.dataDirectory(branch))

  test('its catalog of settings is that of the server, and settings of ours are there', async (context) => {
    context.skip(missing !== undefined, missing)
    await storage.create('br-settings', undefined, major)
    await using cluster = await start('br-settings')
    await using admin = await connectAdmin(cluster.address)
    expect(Object.fromEntries(settingsCatalog(major))).toEqual(await serverCatalog(admin))
    expect(postgres.installation.settings).toBe(settingsCatalog(major))
    const [row] = await admin.query<{ version: string; order: string }>(
      `SELECT current_setting('server_version_num') AS version, upper('é') AS order`,
    )
    expect(Math.floor(Number(row?.version) / 10_000)).toBe(major)
    expect(row?.order).toBe('É')
    expect(await admin.query(`SELECT FROM pg_file_settings WHERE error IS NOT NULL`)).toEqual([])
    const extra = { work_mem: '8MB', vacuum_cost_limit: '300', autovacuum_naptime: '30s' }
    expect(await startProblem(postgres.installation, { maxCu: 1, extra })).toBeUndefined()
    const tooMuch = { shared_buffers: '100GB' }
    expect(await startProblem(postgres.installation, { maxCu: 1, extra: tooMuch })).toMatch(/memory/)
  })

  test('identities, roles and the extensions that are offered', async (context) => {
    context.skip(missing !== undefined, missing)
    await writeIdentities(postgres.installation, [
      { name: OWNER, type: 'USER', id: 11 },
      { name: APP, type: 'SERVICE_PRINCIPAL', id: 22 },
    ])
    await storage.create('br-auth', undefined, major)
    await using cluster = await start('br-auth')
    await using admin = await connectAdmin(cluster.address)
    await ensureOwnerRole(admin, { name: OWNER, identity: { type: 'USER', id: 11 } })
    await using owner = await connectAs(cluster.address, OWNER)
    await owner.query('CREATE EXTENSION databricks_auth')
    await owner.query('SELECT databricks_create_role($1, $2)', [APP, 'service_principal'])
    expect(await listRoles(admin)).toContainEqual(
      expect.objectContaining({ name: APP, identity: { type: 'SERVICE_PRINCIPAL', id: 22 } }),
    )
    await owner.query('CREATE TABLE notes (id int PRIMARY KEY, body text)')
    await owner.query('CREATE EXTENSION pg_stat_statements; CREATE EXTENSION pg_trgm')
    const counted = await owner.query<{ calls: string }>(
      `SELECT calls FROM pg_stat_statements WHERE query LIKE 'CREATE TABLE notes%'`,
    )
    expect(counted).toEqual([{ calls: '1' }])
    const [vector] = await owner.query(`SELECT FROM pg_available_extensions WHERE name = 'vector'`)
    if (vector === undefined) return
    await owner.query('CREATE EXTENSION vector')
    expect(await owner.query(`SELECT '[1,2]'::vector <-> '[1,3]' AS far`)).toEqual([{ far: 1 }])
  })

  test('branches of a running, a stopped and a crashed cluster', async (context) => {
    context.skip(missing !== undefined, missing)
    await storage.create('br-parent', undefined, major)
    const count = async (branch: string) => {
      await using cluster = await start(branch)
      await using admin = await connectAdmin(cluster.address)
      const [row] = await admin.query<{ n: number }>('SELECT count(*)::int AS n FROM public.t')
      return row?.n
    }
    {
      await using cluster = await start('br-parent')
      await using admin = await connectAdmin(cluster.address)
      await admin.execute('CREATE TABLE public.t AS SELECT generate_series(1, 1000) AS n')
      await storage.clone('br-awake', 'br-parent', { connect: () => connectAdmin(cluster.address) })
      await admin.execute('INSERT INTO public.t VALUES (1001)')
      process.kill(cluster.pid!, 'SIGKILL')
      await cluster.exited
    }
    const data = storage.dataDirectory('br-parent')
    expect(await readMajor(data)).toBe(major)
    expect((await readControlFile(data)).isShutDown).toBe(false)
    await storage.clone('br-crashed', 'br-parent')
    expect(await postgres.installation.recover(data)).toMatch(/^[0-9A-F]+\/[0-9A-F]+$/)
    expect((await readControlFile(data)).isShutDown).toBe(true)
    await storage.clone('br-asleep', 'br-parent')
    expect(await Promise.all(['br-awake', 'br-crashed', 'br-asleep', 'br-parent'].map(count))).toEqual([
      1000, 1001, 1001, 1001,
    ])
  })
})
