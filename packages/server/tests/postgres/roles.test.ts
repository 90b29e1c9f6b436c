import { buildScramVerifier, formatScramVerifier } from '@lakelet/wire'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type AdminConnection,
  type Cluster,
  alterDatabase,
  alterRole,
  connectAdmin,
  createDatabase,
  createRole,
  dropDatabase,
  dropRole,
  ensureOwnerRole,
  findLoginRole,
  getDatabase,
  getRole,
  listDatabases,
  listLoginRoles,
  listRoles,
} from '../../src/postgres/index.ts'
import { SESSION_ENDED, type TestInstallation, connectAs, installForTest } from './installed.ts'

const OWNER = 'jane.doe@example.com'
const NONE = { createdb: false, createrole: false, bypassrls: false }

let postgres: TestInstallation
let cluster: Cluster
let admin: AdminConnection

beforeAll(async () => {
  postgres = await installForTest()
  cluster = await postgres.start(await postgres.newDataDirectory('roles'))
  admin = await connectAdmin(cluster.address)
  await ensureOwnerRole(admin, { name: OWNER, identity: { type: 'USER', id: 11 } })
})
afterAll(async () => {
  await admin[Symbol.asyncDispose]()
  await cluster.stop()
  await postgres[Symbol.asyncDispose]()
})

async function newRole(name: string): Promise<void> {
  await createRole(admin, { name, attributes: NONE, isSuperuserMember: false, canLogin: true })
}

test("a project's owner owns the first database and may do what databricks_superuser may, but not become it", async () => {
  await ensureOwnerRole(admin, { name: OWNER, identity: { type: 'USER', id: 11 } })
  expect(await getRole(admin, OWNER)).toEqual({
    oid: expect.any(Number) as number,
    name: OWNER,
    attributes: { createdb: true, createrole: true, bypassrls: true },
    isSuperuserMember: true,
    canLogin: true,
    hasPassword: false,
    identity: { type: 'USER', id: 11 },
  })
  expect(await getDatabase(admin, 'databricks_postgres')).toMatchObject({
    name: 'databricks_postgres',
    owner: OWNER,
  })
  await using owner = await connectAs(cluster.address, OWNER)
  await owner.query('CREATE TABLE public.mine (n int)')
  await expect(owner.query('SET ROLE databricks_superuser')).rejects.toMatchObject({ code: '42501' })
  await newRole('other')
  await owner.query('GRANT CREATE ON SCHEMA public TO other')
  await createRole(admin, { name: 'member', attributes: NONE, isSuperuserMember: true, canLogin: true })
  await using member = await connectAs(cluster.address, 'member')
  await member.query('CREATE TABLE public.by_member (n int)')
  await using other = await connectAs(cluster.address, 'other')
  await other.query('CREATE TABLE public.theirs AS SELECT 1 AS n')
  expect(await owner.query('SELECT n FROM public.theirs')).toEqual([{ n: 1 }])
  await expect(owner.query('DROP TABLE public.theirs')).resolves.toEqual([])
  await expect(owner.query('ALTER ROLE cloud_admin NOLOGIN')).rejects.toMatchObject({ code: '42501' })
  await expect(owner.query("COPY (SELECT 1) TO PROGRAM 'true'")).rejects.toMatchObject({ code: '42501' })
})

test('roles made by SQL are listed, those of the system are not', async () => {
  await admin.execute('CREATE ROLE by_sql CREATEDB NOLOGIN')
  const roles = await listRoles(admin)
  expect(roles.find(({ name }) => name === 'by_sql')).toEqual({
    oid: expect.any(Number) as number,
    name: 'by_sql',
    attributes: { createdb: true, createrole: false, bypassrls: false },
    isSuperuserMember: false,
    canLogin: false,
    hasPassword: false,
  })
  expect(roles.filter(({ name }) => /^(cloud_admin|pg_|databricks_)/.test(name))).toEqual([])
  await expect(getRole(admin, 'cloud_admin')).rejects.toMatchObject({ code: 'role_missing' })
  expect(await findLoginRole(admin, 'cloud_admin')).toBeUndefined()
  expect((await listLoginRoles(admin)).some(({ name }) => name === 'databricks_control_plane')).toBe(false)
})

test('the verifier and the end of a native role are read as SQL set them', async () => {
  const setPassword = async (password: string) =>
    admin.execute(`ALTER ROLE native PASSWORD '${formatScramVerifier(await buildScramVerifier(password))}'`)
  await createRole(admin, {
    name: 'native',
    attributes: { createdb: true, createrole: false, bypassrls: false },
    isSuperuserMember: true,
    canLogin: true,
  })
  await setPassword('one')
  const first = await findLoginRole(admin, 'native')
  expect(first).toMatchObject({
    canLogin: true,
    verifier: expect.stringMatching(/^SCRAM-SHA-256\$4096:/) as string,
  })
  await setPassword('two')
  await admin.execute("ALTER ROLE native VALID UNTIL '2030-01-02T03:04:05Z'")
  const second = await findLoginRole(admin, 'native')
  expect(second).toMatchObject({ validUntil: '2030-01-02T03:04:05.000Z' })
  expect(second?.verifier).not.toBe(first?.verifier)
  await admin.execute('ALTER ROLE native PASSWORD NULL')
  await alterRole(admin, 'native', {
    isSuperuserMember: false,
    canLogin: false,
    attributes: { createdb: false },
  })
  expect(await getRole(admin, 'native')).toEqual({
    oid: expect.any(Number) as number,
    name: 'native',
    attributes: NONE,
    isSuperuserMember: false,
    canLogin: false,
    hasPassword: false,
  })
})

test('a role is dropped with the rights that others than the owner granted to it', async () => {
  await createRole(admin, { name: 'guest', attributes: NONE, isSuperuserMember: false, canLogin: true })
  await using inside = await admin.open('databricks_postgres')
  // The owner grants on schema public as the owner of the database, and on the column as databricks_superuser.
  await inside.execute(`SET ROLE "${OWNER}"; CREATE TABLE public.shared (n int); RESET ROLE;
    SET ROLE "${OWNER}"; GRANT USAGE, CREATE ON SCHEMA public TO guest; RESET ROLE;
    GRANT SELECT (n) ON public.shared TO databricks_superuser WITH GRANT OPTION;
    SET ROLE databricks_superuser; GRANT SELECT (n) ON public.shared TO guest; RESET ROLE;`)
  const grantors = await inside.query<{ name: string }>(
    `SELECT grantor::regrole::text AS name FROM pg_namespace, aclexplode(nspacl) WHERE grantee = 'guest'::regrole`,
  )
  expect(new Set(grantors.map(({ name }) => name))).toEqual(new Set(['pg_database_owner']))
  await dropRole(admin, 'guest')
  await expect(getRole(admin, 'guest')).rejects.toMatchObject({ code: 'role_missing' })
  await inside.execute('DROP TABLE public.shared')
})

test('names that cannot be, exist already or belong to the system are refused', async () => {
  const role = (name: string) =>
    createRole(admin, { name, attributes: NONE, isSuperuserMember: false, canLogin: true })
  await expect(role(OWNER)).rejects.toMatchObject({ code: 'name_exists' })
  for (const name of ['', 'pg_mine', 'public', 'x'.repeat(64), 'a\0b', 'databricks_writer_7']) {
    await expect(role(name)).rejects.toMatchObject({ code: 'role_name_invalid' })
  }
  await expect(alterRole(admin, 'cloud_admin', { canLogin: false })).rejects.toMatchObject({
    code: 'role_is_system',
  })
  await expect(dropRole(admin, 'databricks_superuser')).rejects.toMatchObject({ code: 'role_is_system' })
  await expect(dropRole(admin, 'nobody')).rejects.toMatchObject({ code: 'role_missing' })
  await role(`we"ird'name; --`)
  await dropRole(admin, `we"ird'name; --`)
})

test('a role that owns objects is dropped only when another role takes them over, in every database', async () => {
  await newRole('leaver')
  await createDatabase(admin, { name: 'second', owner: 'leaver' })
  await using first = await connectAdmin(cluster.address, { database: 'databricks_postgres' })
  await first.execute('GRANT CREATE ON SCHEMA public TO leaver')
  await using session = await connectAs(cluster.address, 'leaver')
  await session.query('CREATE TABLE public.left_here (n int)')
  await using inSecond = await connectAs(cluster.address, 'leaver', 'second')
  await inSecond.query('CREATE TABLE public.left_there (n int)')
  await expect(dropRole(admin, 'leaver')).rejects.toMatchObject({ code: 'role_owns_objects' })
  await expect(dropRole(admin, 'leaver')).rejects.toThrow(/second/)
  expect((await getRole(admin, 'leaver')).canLogin).toBe(true)
  await dropRole(admin, 'leaver', OWNER)
  const owner = await first.query("SELECT tableowner FROM pg_tables WHERE tablename = 'left_here'")
  expect(owner).toEqual([{ tableowner: OWNER }])
  expect(await getDatabase(admin, 'second')).toMatchObject({ name: 'second', owner: OWNER })
  await expect(getRole(admin, 'leaver')).rejects.toMatchObject({ code: 'role_missing' })
  await expect(session.query('SELECT 1')).rejects.toThrow(SESSION_ENDED)
})

test('privileges alone do not keep a role', async () => {
  await newRole('granted')
  await using first = await connectAdmin(cluster.address, { database: 'databricks_postgres' })
  await first.execute('CREATE TABLE public.shared (n int); GRANT SELECT ON public.shared TO granted')
  await first.execute(`ALTER DEFAULT PRIVILEGES FOR ROLE "${OWNER}" GRANT SELECT ON TABLES TO granted`)
  await dropRole(admin, 'granted')
  await expect(getRole(admin, 'granted')).rejects.toMatchObject({ code: 'role_missing' })
  expect(await first.query("SELECT to_regclass('public.shared') IS NOT NULL AS there")).toEqual([
    { there: true },
  ])
})

test('databases are created, listed, renamed, given away and dropped, also while in use', async () => {
  await newRole('db_owner')
  await createDatabase(admin, { name: 'my-data', owner: OWNER })
  await expect(createDatabase(admin, { name: 'my-data', owner: OWNER })).rejects.toMatchObject({
    code: 'name_exists',
  })
  await expect(createDatabase(admin, { name: 'x', owner: 'nobody' })).rejects.toMatchObject({
    code: 'role_missing',
  })
  for (const name of ['', 'postgres', 'y'.repeat(64)]) {
    await expect(createDatabase(admin, { name, owner: OWNER })).rejects.toMatchObject({
      code: 'database_name_invalid',
    })
  }
  await using session = await connectAs(cluster.address, OWNER, 'my-data')
  await alterDatabase(admin, 'my-data', { name: 'renamed', owner: 'db_owner' })
  await expect(session.query('SELECT 1')).rejects.toThrow(SESSION_ENDED)
  expect(await listDatabases(admin)).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ name: 'databricks_postgres', owner: OWNER }),
      expect.objectContaining({ name: 'renamed', owner: 'db_owner' }),
    ]),
  )
  await using user = await connectAs(cluster.address, 'db_owner', 'renamed')
  await expect(user.query('CREATE TABLE public.ours (n int)')).resolves.toEqual([])
  await dropDatabase(admin, 'renamed')
  await expect(dropDatabase(admin, 'renamed')).rejects.toMatchObject({ code: 'database_missing' })
  await expect(dropDatabase(admin, 'template1')).rejects.toMatchObject({ code: 'database_is_system' })
  expect((await listDatabases(admin)).map(({ name }) => name)).not.toContain('postgres')
})
