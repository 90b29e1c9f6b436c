// The API and SQL at the same roles and databases at the same time; reading while nothing runs; errors of Postgres.
import { databaseRoutes, endpointRoutes, type RoleSpec, roleRoutes } from '@lakelet/api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type ControlWorkspace,
  createProject,
  done,
  poll,
  refusal,
  startFreshControl,
} from '../../packages/server/tests/control/control-workspace.ts'

const params = { project: 'shop', branch: 'production' }

describe('the catalogue between SQL and the API', () => {
  let workspace: ControlWorkspace
  let uid: string
  beforeAll(async () => {
    workspace = await startFreshControl()
    await createProject(workspace.client, 'shop')
    const endpoint = { ...params, endpoint: 'primary' }
    uid = (await workspace.client.call(endpointRoutes.getEndpoint, { params: endpoint })).uid
  })
  afterAll(() => workspace[Symbol.asyncDispose]())

  const sql = <Row extends object>(text: string) =>
    workspace.computes.withAdmin(uid, (admin) => admin.query<Row>(text))
  const createRole = (roleId: string, spec: RoleSpec, replace = false) =>
    workspace.client.call(roleRoutes.createRole, {
      params,
      query: { role_id: roleId, replace_existing: replace },
      body: { spec },
    })
  const createDatabase = (databaseId: string, role: string) =>
    workspace.client.call(databaseRoutes.createDatabase, {
      params,
      query: { database_id: databaseId },
      body: { spec: { role } },
    })
  /** How an operation, or the request for it, ended. */
  const outcome = async (call: Promise<{ readonly name: string }>): Promise<string> => {
    const started = await call.catch((error: { errorCode: string }) => error.errorCode)
    if (typeof started === 'string') return started
    return (await poll(workspace.client, started.name)).error?.error_code ?? 'done'
  }

  test('a role that SQL makes meanwhile keeps what SQL gave it', async () => {
    const outcomes = new Set<string>()
    for (let round = 0; round < 15; round += 1) {
      const name = `raced_${round}`
      const bySql = sql(`CREATE ROLE ${name} LOGIN CREATEDB CREATEROLE`).then(
        () => 'made',
        () => 'taken',
      )
      const byApi = outcome(createRole(`raced-${round}`, { postgres_role: name, auth_method: 'NO_LOGIN' }))
      const [made, ended] = await Promise.all([bySql, byApi])
      outcomes.add(`${made} ${ended}`)
      const [row] = await sql<{ login: boolean; createdb: boolean; createrole: boolean }>(
        `SELECT rolcanlogin AS login, rolcreatedb AS createdb, rolcreaterole AS createrole FROM pg_roles WHERE rolname = '${name}'`,
      )
      const isSqls = made === 'made'
      expect({ round, ended, ...row }).toEqual({
        round,
        ended: isSqls ? 'BAD_REQUEST' : 'done',
        login: isSqls,
        createdb: isSqls,
        createrole: isSqls,
      })
    }
    expect(outcomes.size).toBeGreaterThan(0)
  })

  test('a database that SQL makes meanwhile keeps its owner', async () => {
    await done(workspace.client, await createRole('api-owner', { postgres_role: 'api_owner' }))
    await sql('CREATE ROLE sql_owner')
    for (let round = 0; round < 4; round += 1) {
      const name = `raced_${round}`
      const bySql = sql(`CREATE DATABASE ${name} OWNER sql_owner`).then(
        () => true,
        () => false,
      )
      const byApi = outcome(createDatabase(`raced-${round}`, 'api-owner'))
      const [isSqls, ended] = await Promise.all([bySql, byApi])
      const [row] = await sql<{ owner: string }>(
        `SELECT rolname AS owner FROM pg_database JOIN pg_roles r ON r.oid = datdba WHERE datname = '${name}'`,
      )
      // Both may fail on each other's uncommitted work; then there is none.
      const owner = isSqls ? 'sql_owner' : ended === 'done' ? 'api_owner' : undefined
      expect(row?.owner).toBe(owner)
    }
  })

  test('a change asked of one role never reaches another one that took its name', async () => {
    await sql('CREATE ROLE first_bearer LOGIN')
    const { role_id: role } = await workspace.client.call(roleRoutes.getRole, {
      params: { ...params, role: 'first-bearer' },
    })
    await sql('ALTER ROLE first_bearer RENAME TO moved')
    await sql('CREATE ROLE first_bearer LOGIN')
    const changed = await workspace.client.call(roleRoutes.updateRole, {
      params: { ...params, role },
      query: { update_mask: 'spec.attributes.createdb' },
      body: { spec: { attributes: { createdb: true } } },
    })
    await done(workspace.client, changed)
    const rows = await sql('SELECT rolname, rolcreatedb FROM pg_roles WHERE rolcreatedb ORDER BY rolname')
    expect(rows).toContainEqual({ rolname: 'moved', rolcreatedb: true })
    expect(rows).not.toContainEqual({ rolname: 'first_bearer', rolcreatedb: true })
    await done(
      workspace.client,
      await workspace.client.call(roleRoutes.deleteRole, { params: { ...params, role } }),
    )
    expect(await sql("SELECT FROM pg_roles WHERE rolname = 'moved'")).toEqual([])
    expect(await sql("SELECT FROM pg_roles WHERE rolname = 'first_bearer'")).toHaveLength(1)
  })

  test('an id that was asked for stays, whoever looks while the role is made', async () => {
    for (let round = 0; round < 5; round += 1) {
      const creation = outcome(createRole(`chosen-${round}`, { postgres_role: `looked_at_${round}` }))
      const looking = new AbortController()
      void creation.then(() => looking.abort())
      while (!looking.signal.aborted) await workspace.client.call(roleRoutes.listRoles, { params })
      expect(await creation).toBe('done')
      const role = await workspace.client.call(roleRoutes.getRole, {
        params: { ...params, role: `chosen-${round}` },
      })
      expect(role.status.postgres_role).toBe(`looked_at_${round}`)
    }
  })

  test('work in the catalogue outlives restarts of its compute', async () => {
    const restarting = new AbortController()
    const restarts = (async () => {
      for (let round = 0; round < 4; round += 1) await workspace.computes.restart(uid)
      restarting.abort()
    })()
    const outcomes: string[] = []
    for (let round = 0; !restarting.signal.aborted; round += 1) {
      outcomes.push(await outcome(createRole(`restarted-${round}`, { postgres_role: `restarted_${round}` })))
      outcomes.push(await outcome(createDatabase(`restarted-${round}`, `restarted-${round}`)))
    }
    await restarts
    expect(new Set(outcomes)).toEqual(new Set(['done']))
  })

  test('what is in use or reserved is refused in words', async () => {
    await workspace.computes.withAdmin(uid, async (admin) => {
      await using _inTemplate = await admin.open('template1')
      const ended = await createDatabase('from-template', 'api-owner').then((started) =>
        poll(workspace.client, started.name),
      )
      expect(ended.error).toMatchObject({
        error_code: 'RESOURCE_CONFLICT',
        message: expect.stringContaining('template1') as string,
      })
    })
    expect(await refusal(createRole('with-newline', { postgres_role: 'two\nlines' }))).toMatchObject({
      status: 400,
      errorCode: 'INVALID_PARAMETER_VALUE',
    })
    expect(await outcome(createRole('reserved', { postgres_role: 'pg_mine' }))).toBe(
      'INVALID_PARAMETER_VALUE',
    )
    expect(await outcome(createRole('none-at-all', { postgres_role: 'none' }))).toBe(
      'INVALID_PARAMETER_VALUE',
    )
  })

  test('a transaction that holds the roles makes a change wait a moment, and then be refused', async () => {
    await workspace.computes.withAdmin(uid, async (admin) => {
      await using other = await admin.open('postgres')
      await other.execute('BEGIN; CREATE ROLE uncommitted')
      const started = await createRole('waiting', { postgres_role: 'uncommitted' })
      const ended = await poll(workspace.client, started.name)
      expect(ended.error).toMatchObject({ error_code: 'RESOURCE_CONFLICT' })
      await other.execute('ROLLBACK')
    })
    expect(await outcome(createRole('waiting', { postgres_role: 'uncommitted' }))).toBe('done')
  })

  test('reading wakes nothing, writes nothing and says how old it is', async () => {
    await sql('CREATE ROLE before_sleep LOGIN')
    await workspace.computes.suspend(uid)
    const asleepSince = new Date().toISOString()
    const revision = workspace.metadata.changes.revision
    const { roles = [] } = await workspace.client.call(roleRoutes.listRoles, { params })
    const role = await workspace.client.call(roleRoutes.getRole, {
      params: { ...params, role: 'before-sleep' },
    })
    const { databases = [] } = await workspace.client.call(databaseRoutes.listDatabases, { params })
    const database = { ...params, database: 'databricks-postgres' }
    await workspace.client.call(databaseRoutes.getDatabase, { params: database })
    expect(roles.map(({ role_id: id }) => id)).toContain('before-sleep')
    expect(databases.length).toBeGreaterThan(1)
    expect(String(role.observed_time) <= asleepSince).toBe(true)
    expect(workspace.computes.state(uid)).toBe('idle')
    expect(workspace.metadata.changes.revision).toBe(revision)
    await sql('CREATE ROLE after_sleep')
    const after = await workspace.client.call(roleRoutes.getRole, {
      params: { ...params, role: 'after-sleep' },
    })
    expect(String(after.observed_time) > asleepSince).toBe(true)
  })

  test('reading an awake compute is no activity', async () => {
    await sql('SELECT 1')
    const before = workspace.computes.activity(uid).lastActiveAt
    for (let round = 0; round < 20; round += 1) {
      await workspace.client.call(roleRoutes.listRoles, { params })
      await workspace.client.call(databaseRoutes.listDatabases, { params })
    }
    expect(workspace.computes.activity(uid).lastActiveAt).toEqual(before)
  })
})
