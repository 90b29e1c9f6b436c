import { branchControlRoutes, branchRoutes, databaseRoutes, endpointRoutes, roleRoutes } from '@lakelet/api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type ControlWorkspace,
  createProject,
  done,
  refusal,
  SERVICE,
  startFreshControl,
} from './control-workspace.ts'

const params = { project: 'shop', branch: 'production' }
const BRANCH = 'projects/shop/branches/production'

describe('roles and databases', () => {
  let workspace: ControlWorkspace
  let endpointUid: string
  beforeAll(async () => {
    workspace = await startFreshControl()
    await createProject(workspace.client, 'shop')
    const primary = await workspace.client.call(endpointRoutes.getEndpoint, {
      params: { ...params, endpoint: 'primary' },
    })
    endpointUid = primary.uid
  })
  afterAll(() => workspace[Symbol.asyncDispose]())

  const sql = (text: string) => workspace.computes.withAdmin(endpointUid, (admin) => admin.execute(text))

  async function createRole(roleId: string | undefined, spec: object, replace = false) {
    const started = await workspace.client.call(roleRoutes.createRole, {
      params,
      query: { ...(roleId === undefined ? {} : { role_id: roleId }), replace_existing: replace },
      body: { spec },
    })
    return done(workspace.client, started)
  }

  test('a new branch has the owner role and its database', async () => {
    const { client } = workspace
    const { roles } = await client.call(roleRoutes.listRoles, { params })
    expect(roles).toHaveLength(1)
    expect(roles?.[0]).toMatchObject({
      name: `${BRANCH}/roles/jane-doe`,
      status: {
        role_id: 'jane-doe',
        postgres_role: 'jane.doe@example.com',
        identity_type: 'USER',
        auth_method: 'LAKEBASE_OAUTH_V1',
        membership_roles: ['DATABRICKS_SUPERUSER'],
        attributes: { createdb: true, createrole: true, bypassrls: true },
      },
    })
    const { databases } = await client.call(databaseRoutes.listDatabases, { params })
    expect(databases).toHaveLength(1)
    expect(databases?.[0]).toMatchObject({
      name: `${BRANCH}/databases/databricks-postgres`,
      parent: BRANCH,
      status: {
        database_id: 'databricks-postgres',
        postgres_database: 'databricks_postgres',
        role: `${BRANCH}/roles/jane-doe`,
      },
    })
  })

  test('who makes a role by the API has the ADMIN option on it, so can set its password', async () => {
    await createRole('with-password', {
      postgres_role: 'with_password',
      auth_method: 'PG_PASSWORD_SCRAM_SHA_256',
    })
    await sql(`SET ROLE "jane.doe@example.com"; ALTER ROLE with_password PASSWORD 'secret'; RESET ROLE`)
    const { verifier } = await workspace.computes.withAdmin(endpointUid, async (admin) => {
      const [row] = await admin.query<{ verifier: string }>(
        `SELECT rolpassword AS verifier FROM pg_authid WHERE rolname = 'with_password'`,
      )
      return { verifier: row?.verifier }
    })
    expect(verifier).toMatch(/^SCRAM-SHA-256\$/)
    await sql('DROP ROLE with_password')
  })

  test('the password that was made for a role is shown, in branches too, until SQL changes it', async () => {
    const { client } = workspace
    const reveal = (role: string, branch = 'production') =>
      client.call(roleRoutes.revealRolePassword, { params: { ...params, branch, role }, body: {} })
    await createRole('revealed', { postgres_role: 'revealed' })
    const { password } = await reveal('revealed')
    expect(password).toMatch(/^[\w-]{32}$/)
    const copy = {
      params: { project: 'shop' },
      query: { branch_id: 'copy' },
      body: { spec: { no_expiry: true } },
    }
    await done(client, await client.call(branchRoutes.createBranch, copy))
    expect(await reveal('revealed', 'copy')).toEqual({ password })
    await sql(`ALTER ROLE revealed PASSWORD 'secret'`)
    const unknown = { status: 400, errorCode: 'BAD_REQUEST' }
    const said = (reason: string) => ({ ...unknown, message: expect.stringContaining(reason) as string })
    expect(await refusal(reveal('revealed'))).toMatchObject(said('set by SQL'))
    await sql(`ALTER ROLE revealed PASSWORD NULL`)
    expect(await refusal(reveal('revealed'))).toMatchObject(said('ALTER ROLE'))
    expect(await refusal(reveal('jane-doe'))).toMatchObject(said('identity'))
    expect(await refusal(reveal('nobody'))).toMatchObject({ status: 404 })
    await sql('DROP ROLE revealed')
  })

  test('a child of a protected branch has passwords of its own, and keeps them over a reset', async () => {
    const { client } = workspace
    const protect = async (isProtected: boolean) => {
      const change = {
        query: { update_mask: 'spec.is_protected' },
        body: { spec: { is_protected: isProtected } },
      }
      await done(client, await client.call(branchRoutes.updateBranch, { params, ...change }))
    }
    const reveal = (role: string, branch = 'production') =>
      client.call(roleRoutes.revealRolePassword, { params: { ...params, branch, role }, body: {} })
    await createRole('clerk', { postgres_role: 'clerk' })
    await protect(true)
    const child = { query: { branch_id: 'apart' }, body: { spec: { no_expiry: true } } }
    await done(
      client,
      await client.call(branchRoutes.createBranch, { params: { project: 'shop' }, ...child }),
    )
    const [own, parents] = [await reveal('clerk', 'apart'), await reveal('clerk')]
    expect(own.password).toMatch(/^[\w-]{32}$/)
    expect(own).not.toEqual(parents)
    await createRole('later', { postgres_role: 'later' })
    const path = { params: { project: 'shop', branch: 'apart' }, body: {} }
    await done(client, await client.call(branchControlRoutes.resetBranch, path))
    expect(await reveal('clerk', 'apart'), 'it had one').toEqual(own)
    expect(await reveal('later', 'apart'), 'it was not there').not.toEqual(await reveal('later'))
    expect(await reveal('clerk'), 'the parent is as it was').toEqual(parents)
    await protect(false)
    await done(client, await client.call(branchControlRoutes.resetBranch, path))
    expect(await reveal('clerk', 'apart'), 'no longer protected').toEqual(parents)
    await done(
      client,
      await client.call(branchRoutes.deleteBranch, { params: path.params, query: { purge: true } }),
    )
    await sql('DROP ROLE clerk')
    await sql('DROP ROLE later')
  })

  test('databricks-sdk 0.81.0 creates roles with PATCH', async () => {
    const started = await workspace.client.call(roleRoutes.createRoleByPatch, {
      params,
      query: { role_id: 'by-patch' },
      body: { spec: { postgres_role: 'by_patch', auth_method: 'NO_LOGIN' } },
    })
    await done(workspace.client, started)
    const role = await workspace.client.call(roleRoutes.getRole, { params: { ...params, role: 'by-patch' } })
    expect(role.status).toMatchObject({ postgres_role: 'by_patch', auth_method: 'NO_LOGIN' })
    await sql('DROP ROLE by_patch')
  })

  test('roles and databases made by SQL appear, and the other way round', async () => {
    const { client } = workspace
    await sql('CREATE ROLE app_user LOGIN CREATEDB')
    await sql('CREATE DATABASE reports OWNER app_user')
    const role = await client.call(roleRoutes.getRole, { params: { ...params, role: 'app-user' } })
    expect(role.status).toMatchObject({
      postgres_role: 'app_user',
      identity_type: 'IDENTITY_TYPE_UNSPECIFIED',
      auth_method: 'PG_PASSWORD_SCRAM_SHA_256',
      attributes: { createdb: true, createrole: false, bypassrls: false },
    })
    const database = await client.call(databaseRoutes.getDatabase, {
      params: { ...params, database: 'reports' },
    })
    expect(database.status.role).toBe(`${BRANCH}/roles/app-user`)
    await createRole('writer', { postgres_role: 'the writer', attributes: { createrole: true } })
    await sql('ALTER ROLE "the writer" CREATEDB')
    const writer = await client.call(roleRoutes.getRole, { params: { ...params, role: 'writer' } })
    expect(writer.status.attributes).toEqual({ createdb: true, createrole: true, bypassrls: false })
  })

  test('an id stays when the object is renamed by SQL, and goes when it is dropped', async () => {
    const { client } = workspace
    await sql('CREATE ROLE before_name')
    const before = await client.call(roleRoutes.getRole, { params: { ...params, role: 'before-name' } })
    await sql('ALTER ROLE before_name RENAME TO after_name')
    const after = await client.call(roleRoutes.getRole, { params: { ...params, role: 'before-name' } })
    expect(after).toMatchObject({ create_time: before.create_time, status: { postgres_role: 'after_name' } })
    await sql('DROP ROLE after_name')
    expect(
      await refusal(client.call(roleRoutes.getRole, { params: { ...params, role: 'before-name' } })),
    ).toMatchObject({
      status: 404,
      errorCode: 'NOT_FOUND',
      message: expect.stringMatching(/^role id not found \[TraceId: [0-9a-f]{32}\]$/),
    })
  })

  test('a managed identity logs in with OAuth, a plain role with a password', async () => {
    expect(
      await createRole('the-service', { postgres_role: SERVICE, identity_type: 'SERVICE_PRINCIPAL' }),
    ).toMatchObject({
      name: `${BRANCH}/roles/the-service`,
      status: { identity_type: 'SERVICE_PRINCIPAL', auth_method: 'LAKEBASE_OAUTH_V1' },
    })
    expect(await createRole(undefined, { postgres_role: 'No Login', auth_method: 'NO_LOGIN' })).toMatchObject(
      { role_id: 'no-login', status: { auth_method: 'NO_LOGIN' } },
    )
    expect(
      await refusal(createRole('ghost', { postgres_role: 'nobody@x', identity_type: 'USER' })),
    ).toMatchObject({ status: 404, errorCode: 'PRINCIPAL_DOES_NOT_EXIST' })
    expect(
      await refusal(createRole('mixed', { postgres_role: 'mixed', auth_method: 'LAKEBASE_OAUTH_V1' })),
    ).toMatchObject({ status: 400, errorCode: 'INVALID_PARAMETER_VALUE' })
  })

  test('update changes single attributes; replace_existing overwrites memberships', async () => {
    const { client } = workspace
    await createRole('changing', { postgres_role: 'changing', attributes: { createdb: true } })
    const updated = await done(
      client,
      await client.call(roleRoutes.updateRole, {
        params: { ...params, role: 'changing' },
        query: { update_mask: 'spec.attributes.bypassrls,spec.membership_roles' },
        body: {
          spec: {
            attributes: { bypassrls: true, createdb: false },
            membership_roles: ['DATABRICKS_SUPERUSER'],
          },
        },
      }),
    )
    expect(updated['status']).toMatchObject({
      attributes: { createdb: true, bypassrls: true },
      membership_roles: ['DATABRICKS_SUPERUSER'],
    })
    expect(await refusal(createRole('changing', { postgres_role: 'changing' }))).toMatchObject({
      status: 400,
      errorCode: 'BAD_REQUEST',
      message: 'role with that name already exists',
    })
    const replaced = await createRole('changing', { postgres_role: 'changing' }, true)
    expect(replaced['status']).not.toHaveProperty('membership_roles')
    expect(replaced['create_time']).toBe(updated['create_time'])
    // Attributes that are not given stay, and so do name and login method whatever is given.
    expect(replaced['status']).toMatchObject({ attributes: { createdb: true, bypassrls: true } })
    const renamed = await createRole('changing', { postgres_role: 'other', auth_method: 'NO_LOGIN' }, true)
    expect(renamed['status']).toMatchObject({
      postgres_role: 'changing',
      auth_method: 'PG_PASSWORD_SCRAM_SHA_256',
    })
    expect(await refusal(createRole(undefined, { postgres_role: 'changing' }, true))).toMatchObject({
      message: 'role with that name already exists',
    })
  })

  test('masks that name a whole role replace its memberships; what is fixed cannot be named', async () => {
    const { client } = workspace
    await createRole('whole', { postgres_role: 'whole', membership_roles: ['DATABRICKS_SUPERUSER'] })
    const update = async (mask: string, spec: object) =>
      done(
        client,
        await client.call(roleRoutes.updateRole, {
          params: { ...params, role: 'whole' },
          query: { update_mask: mask },
          body: { spec },
        }),
      )
    const changed = await update('spec', { postgres_role: 'ignored', attributes: { createdb: true } })
    expect(changed['status']).toMatchObject({ postgres_role: 'whole', attributes: { createdb: true } })
    expect(changed['status']).not.toHaveProperty('membership_roles')
    for (const field of ['postgres_role', 'identity_type', 'auth_method']) {
      const spec = { postgres_role: 'whole', identity_type: 'USER', auth_method: 'NO_LOGIN' }
      expect(await refusal(update(`spec.${field}`, spec))).toMatchObject({
        status: 400,
        errorCode: 'INVALID_PARAMETER_VALUE',
      })
    }
    expect(await refusal(update('*', { attributes: { createdb: true, createrole: true } }))).toMatchObject({
      status: 400,
      message: expect.stringContaining('spec.attributes.bypassrls') as string,
    })
    const attributes = { createdb: false, createrole: true, bypassrls: false }
    const membership = { membership_roles: ['DATABRICKS_SUPERUSER'] }
    expect((await update('*', { attributes, ...membership }))['status']).toMatchObject({
      attributes,
      ...membership,
    })
  })

  test('a database is made, renamed, given away and dropped', async () => {
    const { client } = workspace
    await createRole('owner-a', { postgres_role: 'owner_a' })
    await createRole('owner-b', { postgres_role: 'owner_b' })
    const create = (query: object, spec: object) =>
      client.call(databaseRoutes.createDatabase, { params, query, body: { spec } })
    expect(await refusal(create({ database_id: 'orders' }, { postgres_database: 'orders' }))).toMatchObject({
      status: 400,
      message: `Field 'database.spec.role' is required, expected non-default value (not "")!`,
    })
    expect(await refusal(create({}, { role: `${BRANCH}/roles/owner-a` }))).toMatchObject({
      message: `Field 'database_id' is required, expected non-default value (not "")!`,
    })
    expect(
      await refusal(create({ database_id: 'orders' }, { role: `${BRANCH}/roles/nobody` })),
    ).toMatchObject({
      status: 404,
      message: expect.stringMatching(/^role not found; role_id:"nobody" \[TraceId: [0-9a-f]+\]$/),
    })
    const made = await done(
      client,
      await create(
        { database_id: 'orders' },
        { postgres_database: 'Orders DB', role: `${BRANCH}/roles/owner-a` },
      ),
    )
    expect(made).toMatchObject({ database_id: 'orders', status: { postgres_database: 'Orders DB' } })
    expect(
      await refusal(create({ database_id: 'orders' }, { role: `${BRANCH}/roles/owner-a` })),
    ).toMatchObject({
      status: 400,
      errorCode: 'BAD_REQUEST',
      message: 'database with that name already exists',
    })
    const renamed = await done(
      client,
      await client.call(databaseRoutes.updateDatabase, {
        params: { ...params, database: 'orders' },
        query: { update_mask: 'spec.postgres_database,spec.role' },
        body: { spec: { postgres_database: 'orders_2', role: `${BRANCH}/roles/owner-b` } },
      }),
    )
    expect(renamed['status']).toEqual({
      database_id: 'orders',
      postgres_database: 'orders_2',
      role: `${BRANCH}/roles/owner-b`,
    })
    const inUse = await client.call(roleRoutes.deleteRole, { params: { ...params, role: 'owner-b' } })
    await expect(done(client, inUse)).rejects.toThrow('BAD_REQUEST')
    const handed = await client.call(roleRoutes.deleteRole, {
      params: { ...params, role: 'owner-b' },
      query: { reassign_owned_to: `${BRANCH}/roles/owner-a` },
    })
    expect(await done(client, handed)).toEqual({ '@type': 'type.googleapis.com/google.protobuf.Empty' })
    const left = await client.call(databaseRoutes.getDatabase, { params: { ...params, database: 'orders' } })
    expect(left.status.role).toBe(`${BRANCH}/roles/owner-a`)
    await done(
      client,
      await client.call(databaseRoutes.deleteDatabase, { params: { ...params, database: 'orders' } }),
    )
    expect(
      await refusal(client.call(databaseRoutes.getDatabase, { params: { ...params, database: 'orders' } })),
    ).toMatchObject({ status: 404 })
  })

  test('parallel writes in one branch are refused', async () => {
    const replies = await Promise.allSettled(
      ['parallel-a', 'parallel-b', 'parallel-c'].map((name) =>
        workspace.client.call(roleRoutes.createRole, {
          params,
          query: { role_id: name },
          body: { spec: { postgres_role: name } },
        }),
      ),
    )
    const refused = replies.filter((reply) => reply.status === 'rejected')
    for (const { reason } of refused) {
      expect(reason).toMatchObject({
        status: 409,
        message:
          'Your project already has conflicting operations in progress. Please wait until they are complete, and then try again.',
      })
    }
    for (const reply of replies) if (reply.status === 'fulfilled') await done(workspace.client, reply.value)
    expect(refused.length).toBeLessThan(3)
  })

  test('who may only use a project makes no privileged role', async () => {
    await workspace.grant('bob', 'shop', 'CAN_USE')
    const bob = workspace.as('bob')
    const make = (spec: object) =>
      bob.call(roleRoutes.createRole, { params, query: { role_id: 'by-bob' }, body: { spec } })
    expect(
      await refusal(make({ postgres_role: 'by_bob', membership_roles: ['DATABRICKS_SUPERUSER'] })),
    ).toMatchObject({ status: 403, errorCode: 'PERMISSION_DENIED' })
    await done(bob, await make({ postgres_role: 'by_bob' }))
  })
})
