import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type Cluster,
  connectAdmin,
  createRole,
  ensureOwnerRole,
  listRoles,
  writeIdentities,
} from '../../src/postgres/index.ts'
import { type TestInstallation, connectAs, installForTest } from './installed.ts'

const OWNER = 'jane.doe@example.com'
const APP = '3f1c9a52-0d4e-4b7a-9c55-6a1de0b7f001'
const HOSTILE = `x"; DROP TABLE public.notes; --'`

let postgres: TestInstallation
let cluster: Cluster

const identities = [
  { name: OWNER, type: 'USER' as const, id: 11 },
  { name: APP, type: 'SERVICE_PRINCIPAL' as const, id: 22 },
  { name: 'data engineers', type: 'GROUP' as const, id: 33 },
  { name: HOSTILE, type: 'GROUP' as const, id: 44 },
  { name: 'plain@example.com', type: 'USER' as const, id: 55 },
  { name: `${'a'.repeat(60)}@example.com`, type: 'USER' as const, id: 66 },
]

beforeAll(async () => {
  postgres = await installForTest()
  await writeIdentities(postgres.installation, identities)
  cluster = await postgres.start(await postgres.newDataDirectory('auth'))
  await using admin = await connectAdmin(cluster.address)
  await ensureOwnerRole(admin, { name: OWNER, identity: { type: 'USER', id: 11 } })
  await using owner = await connectAs(cluster.address, OWNER)
  await owner.query('CREATE EXTENSION IF NOT EXISTS databricks_auth')
})
afterAll(async () => {
  await cluster.stop()
  await postgres[Symbol.asyncDispose]()
})

/** A role made for one test. */
async function roleNamed(name: string, options = 'LOGIN'): Promise<void> {
  await using admin = await connectAdmin(cluster.address)
  await admin.execute(`CREATE ROLE "${name}" ${options}`)
}

test('the owner, who is no superuser, creates the extension in the first database and in one of their own', async () => {
  await using owner = await connectAs(cluster.address, OWNER)
  await owner.query('CREATE EXTENSION IF NOT EXISTS databricks_auth')
  await owner.query('CREATE DATABASE second')
  await using second = await connectAs(cluster.address, OWNER, 'second')
  await second.query('CREATE EXTENSION IF NOT EXISTS databricks_auth')
  const rows = await second.query(
    'SELECT extversion, extowner::regrole::text AS owner FROM pg_extension WHERE extname = $1',
    ['databricks_auth'],
  )
  expect(rows).toEqual([{ extversion: '1.0', owner: `"${OWNER}"` }])
})

test('a role for a service principal can log in and inherits nothing; its creator administers it', async () => {
  await using owner = await connectAs(cluster.address, OWNER)
  await owner.query('CREATE TABLE public.notes (id serial PRIMARY KEY, content text)')
  await owner.query(`SELECT databricks_create_role('${APP}', 'service_principal')`)
  const [role] = await owner.query(
    `SELECT rolcanlogin, rolinherit, rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls
       FROM pg_roles WHERE rolname = '${APP}'`,
  )
  expect(role).toEqual({
    rolcanlogin: true,
    rolinherit: true,
    rolsuper: false,
    rolcreatedb: false,
    rolcreaterole: false,
    rolreplication: false,
    rolbypassrls: false,
  })
  const members = await owner.query(
    `SELECT member::regrole::text, grantor::regrole::text, admin_option FROM pg_auth_members WHERE roleid = '"${APP}"'::regrole`,
  )
  expect(members).toEqual([{ member: `"${OWNER}"`, grantor: 'cloud_admin', admin_option: true }])
  await using app = await connectAs(cluster.address, APP)
  await expect(app.query('SELECT * FROM public.notes')).rejects.toThrow('permission denied for table notes')
  await owner.query(`GRANT SELECT ON public.notes TO "${APP}"`)
  expect(await app.query('SELECT * FROM public.notes')).toEqual([])
})

test('the list shows every identity role in small letters, to everyone, as view and as function', async () => {
  await using owner = await connectAs(cluster.address, OWNER)
  await owner.query("SELECT databricks_create_role('data engineers', 'Group')")
  const expected = [
    { role_name: 'data engineers', identity_type: 'group' },
    { role_name: OWNER, identity_type: 'user' },
  ]
  await roleNamed('nobody special')
  await using other = await connectAs(cluster.address, 'nobody special')
  for (const source of ['databricks_list_roles', 'databricks_list_roles_impl()']) {
    expect(await other.query(`SELECT * FROM ${source} ORDER BY role_name`)).toEqual(
      expect.arrayContaining(expected),
    )
  }
})

test('names are taken as names, whatever is in them', async () => {
  await using owner = await connectAs(cluster.address, OWNER)
  await owner.query('SELECT databricks_create_role($1, $2)', [HOSTILE, 'GROUP'])
  expect(await owner.query("SELECT to_regclass('public.notes') IS NOT NULL AS there")).toEqual([
    { there: true },
  ])
  await using admin = await connectAdmin(cluster.address)
  expect((await listRoles(admin)).find(({ name }) => name === HOSTILE)).toMatchObject({
    identity: { type: 'GROUP', id: 44 },
  })
})

test('what cannot be is refused with the reason, and leaves no role behind', async () => {
  await using owner = await connectAs(cluster.address, OWNER)
  const cases = [
    [[APP, 'service_principal'], '42710', `role "${APP}" already exists`],
    [['stranger@example.com', 'user'], '22023', 'does not exist in this workspace'],
    [['plain@example.com', 'group'], '22023', 'does not exist in this workspace'],
    [['plain@example.com', 'robot'], '22023', 'unknown identity type "robot"'],
    [[`${'a'.repeat(60)}@example.com`, 'user'], '42622', 'longer than the 63 bytes'],
    [[null, 'user'], '22004', 'must not be null'],
  ] as const
  await owner.query("SELECT 1 FROM pg_roles WHERE rolname = 'x'")
  for (const [values, code, message] of cases) {
    const call = owner.query('SELECT databricks_create_role($1, $2)', [...values])
    await expect(call).rejects.toMatchObject({ code, message: expect.stringContaining(message) as string })
  }
  const left = await owner.query(
    "SELECT rolname FROM pg_roles WHERE rolname IN ('stranger@example.com', 'plain@example.com')",
  )
  expect(left).toEqual([])
})

test('who may not create roles, or did not log in as an identity, is refused', async () => {
  await using owner = await connectAs(cluster.address, OWNER)
  await using app = await connectAs(cluster.address, APP)
  await expect(app.query("SELECT databricks_create_role('plain@example.com', 'user')")).rejects.toMatchObject(
    { code: '42501' },
  )
  await roleNamed('native', 'LOGIN CREATEROLE')
  await using native = await connectAs(cluster.address, 'native')
  await expect(native.query("SELECT databricks_create_role('plain@example.com', 'user')")).rejects.toThrow(
    /OAuth token/,
  )
  // The function that writes the label does not trust its callers either.
  await expect(
    native.query("SELECT databricks_label_role_impl('plain@example.com', 'user')"),
  ).rejects.toThrow(/OAuth token/)
  await expect(app.query(`SELECT databricks_label_role_impl('${OWNER}', 'user')`)).rejects.toMatchObject({
    code: '42501',
  })
  await expect(
    owner.query('INSERT INTO pg_shseclabel VALUES (1, 2, $1, $2)', ['databricks_auth', 'id=1']),
  ).rejects.toMatchObject({
    code: '42501',
  })
})

test('a hostile search_path and replaced functions do not lend the rights of the definer', async () => {
  await using owner = await connectAs(cluster.address, OWNER)
  await owner.query('CREATE DATABASE hostile')
  await using attacker = await connectAs(cluster.address, OWNER, 'hostile')
  await attacker.query('CREATE EXTENSION databricks_auth')
  await attacker.query('CREATE SCHEMA trap')
  for (const name of [
    'upper(text)',
    'format(text, text)',
    'pg_read_file(text, boolean)',
    'pg_has_role(name, oid, text)',
  ]) {
    const returns = name.startsWith('pg_has_role') ? 'boolean' : 'text'
    await attacker.query(
      `CREATE FUNCTION trap.${name} RETURNS ${returns} LANGUAGE plpgsql AS $$ BEGIN ALTER ROLE "${OWNER}" SUPERUSER; RETURN NULL; END $$`,
    )
  }
  await attacker.query(
    `CREATE FUNCTION trap.eq(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN ALTER ROLE "${OWNER}" SUPERUSER; RETURN true; END $$`,
  )
  await attacker.query('CREATE OPERATOR trap.= (LEFTARG = text, RIGHTARG = text, FUNCTION = trap.eq)')
  await attacker.query(
    'CREATE TEMPORARY TABLE pg_shseclabel (objoid oid, classoid oid, provider text, label text)',
  )
  await attacker.query('SET search_path = pg_temp, trap, public, pg_catalog')
  await attacker.query("SELECT public.databricks_create_role('plain@example.com', 'user')")
  expect(
    await attacker.query(
      `SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname OPERATOR(pg_catalog.=) '${OWNER}'`,
    ),
  ).toEqual([{ rolsuper: false }])
  // The members of the extension cannot be exchanged, and a planted function does not get into it.
  await expect(
    attacker.query(
      'ALTER EXTENSION databricks_auth DROP FUNCTION public.databricks_label_role_impl(text, text)',
    ),
  ).rejects.toMatchObject({ code: '42501' })
  await attacker.query('DROP EXTENSION databricks_auth')
  await attacker.query(
    `CREATE FUNCTION public.databricks_label_role_impl(identity text, identity_type text) RETURNS void LANGUAGE plpgsql AS
       $$ BEGIN ALTER ROLE "${OWNER}" SUPERUSER; END $$`,
  )
  await expect(attacker.query('CREATE EXTENSION databricks_auth')).rejects.toMatchObject({ code: '42723' })
})

test('labels go with the role, and the objects of the extension are dumped as the extension', async () => {
  await using owner = await connectAs(cluster.address, OWNER)
  await owner.query('DROP ROLE IF EXISTS "data engineers"')
  await owner.query("SELECT databricks_create_role('data engineers', 'group')")
  await owner.query('DROP ROLE "data engineers"')
  expect(await owner.query("SELECT * FROM databricks_list_roles WHERE role_name = 'data engineers'")).toEqual(
    [],
  )
  const outside = await owner.query(
    `SELECT proname FROM pg_proc p WHERE proname LIKE 'databricks%' AND NOT EXISTS (
       SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e' AND refclassid = 'pg_extension'::regclass)`,
  )
  expect(outside).toEqual([])
})

test('a new identity is known to a running compute at once; without the file nobody is', async () => {
  await using owner = await connectAs(cluster.address, OWNER)
  const late = { name: 'late@example.com', type: 'USER' as const, id: 77 }
  const call = () => owner.query("SELECT databricks_create_role('late@example.com', 'user')")
  await expect(call()).rejects.toMatchObject({ code: '22023' })
  await writeIdentities(postgres.installation, [...identities, late])
  await call()
  await rm(postgres.installation.identitiesFile)
  await owner.query('DROP ROLE "late@example.com"')
  await expect(call()).rejects.toMatchObject({ code: '22023' })
  await writeIdentities(postgres.installation, identities)
})

test('a role of the API is the same as one made by SQL', async () => {
  await using admin = await connectAdmin(cluster.address)
  const attributes = { createdb: false, createrole: false, bypassrls: false }
  const identity = { type: 'SERVICE_PRINCIPAL' as const, id: 88 }
  await createRole(admin, { name: 'sp-88', attributes, isSuperuserMember: false, canLogin: true, identity })
  await using owner = await connectAs(cluster.address, OWNER)
  expect(await owner.query("SELECT * FROM databricks_list_roles WHERE role_name = 'sp-88'")).toEqual([
    { role_name: 'sp-88', identity_type: 'service_principal' },
  ])
})
