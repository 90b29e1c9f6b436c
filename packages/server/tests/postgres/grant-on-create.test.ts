// What databricks_superuser and others may do with objects that somebody else makes; `docs/decisions` says why it is done by triggers.
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type AdminConnection,
  type Cluster,
  connectAdmin,
  createDatabase,
  createRole,
  ensureOwnerRole,
} from '../../src/postgres/index.ts'
import { type TestInstallation, connectAs, installForTest, TEST_MAJOR, testLog } from './installed.ts'

const OWNER = 'jane.doe@example.com'
const APP = '6b1f3c52-0a5e-4d1f-9f38-0d6c0a6f4d11'
const OTHER_APP = '0e4b7c9a-2f1d-4a58-8d52-6f6f5f0a9c22'
const NONE = { createdb: false, createrole: false, bypassrls: false }
const DENIED = { code: '42501' }

let postgres: TestInstallation
let cluster: Cluster
let admin: AdminConnection

beforeAll(async () => {
  postgres = await installForTest()
  await postgres.installation.extensions(testLog)
  cluster = await postgres.start(await postgres.newDataDirectory('grants'))
  admin = await connectAdmin(cluster.address)
  await ensureOwnerRole(admin, { name: OWNER, identity: { type: 'USER', id: 11 } })
  for (const [index, name] of [APP, OTHER_APP].entries()) {
    await createRole(admin, {
      name,
      attributes: NONE,
      isSuperuserMember: false,
      canLogin: true,
      identity: { type: 'SERVICE_PRINCIPAL', id: 20 + index },
    })
    await admin.execute(`GRANT CONNECT, CREATE ON DATABASE databricks_postgres TO "${name}"`)
  }
})
afterAll(async () => {
  await admin[Symbol.asyncDispose]()
  await cluster.stop()
  await postgres[Symbol.asyncDispose]()
})

/** MAINTAIN is there since Postgres 17. */
const ALL_OF_A_TABLE = `databricks_superuser=a*r*w*d*D*x*t*${TEST_MAJOR >= 17 ? 'm*' : ''}/`
const ACL = 'SELECT relacl::text AS acl FROM pg_catalog.pg_class WHERE oid = $1::pg_catalog.regclass'

test('every kind of relation and every schema is granted with the right to pass it on; nobody else gets anything', async () => {
  await using app = await connectAs(cluster.address, APP)
  await app.query(`CREATE SCHEMA kinds
    CREATE TABLE inside (id serial)
    CREATE VIEW seen AS SELECT 1 AS n`)
  await app.query(
    'CREATE TABLE kinds.parted (id int GENERATED ALWAYS AS IDENTITY, n int) PARTITION BY RANGE (n)',
  )
  await app.query('CREATE TABLE kinds.part PARTITION OF kinds.parted DEFAULT')
  await app.query('CREATE TABLE kinds.copied AS SELECT 1 AS n')
  await app.query('SELECT 1 AS n INTO kinds.chosen')
  await app.query('CREATE MATERIALIZED VIEW kinds.kept AS SELECT 1 AS n')
  await app.query('CREATE SEQUENCE kinds.alone')
  await app.query('CREATE RECURSIVE VIEW kinds.counting (n) AS SELECT 1')
  await app.query('ALTER TABLE kinds.copied ADD COLUMN id bigserial')
  await using connection = await admin.open('databricks_postgres')
  const made = await connection.query<{ name: string; granted: boolean; others: boolean }>(
    `SELECT c.relname AS name,
       EXISTS (SELECT FROM aclexplode(c.relacl) e
         WHERE e.grantee = 'databricks_superuser'::regrole AND e.is_grantable) AS granted,
       EXISTS (SELECT FROM aclexplode(c.relacl) e
         WHERE e.grantee NOT IN ('databricks_superuser'::regrole, c.relowner)) AS others
     FROM pg_class c WHERE c.relnamespace = 'kinds'::regnamespace AND c.relkind NOT IN ('i', 'I') ORDER BY 1`,
  )
  expect(made.map(({ name }) => name)).toEqual([
    'alone',
    'chosen',
    'copied',
    'copied_id_seq',
    'counting',
    'inside',
    'inside_id_seq',
    'kept',
    'part',
    'parted',
    'parted_id_seq',
    'seen',
  ])
  expect(made.filter(({ granted, others }) => !granted || others)).toEqual([])
  await using other = await connectAs(cluster.address, OTHER_APP)
  await expect(other.query('SELECT FROM kinds.inside')).rejects.toMatchObject(DENIED)
})

test("a project's owner may use and pass on what an app made, but not change or drop it", async () => {
  await using app = await connectAs(cluster.address, APP)
  await app.query('CREATE SCHEMA notes')
  await app.query('CREATE TABLE notes.note (id serial PRIMARY KEY, text text)')
  await using owner = await connectAs(cluster.address, OWNER)
  await owner.query("INSERT INTO notes.note (text) VALUES ('hello')")
  expect(await owner.query('SELECT * FROM notes.note')).toEqual([{ id: 1, text: 'hello' }])
  await owner.query('CREATE TABLE notes.mine (note_id int REFERENCES notes.note)')
  await owner.query('TRUNCATE notes.note CASCADE')
  for (const refused of ['DROP TABLE notes.note', 'ALTER TABLE notes.note ADD n int', 'DROP SCHEMA notes']) {
    await expect(owner.query(refused)).rejects.toMatchObject(DENIED)
  }
  await using other = await connectAs(cluster.address, OTHER_APP)
  await expect(other.query('SELECT FROM notes.note')).rejects.toMatchObject(DENIED)
  await owner.query(`GRANT USAGE ON SCHEMA notes TO "${OTHER_APP}"`)
  await owner.query(`GRANT SELECT, INSERT ON notes.note TO "${OTHER_APP}"`)
  await expect(other.query("INSERT INTO notes.note (text) VALUES ('x')")).rejects.toThrow(
    /sequence note_id_seq/,
  )
  await owner.query(`GRANT USAGE ON SEQUENCE notes.note_id_seq TO "${OTHER_APP}"`)
  expect(await other.query("INSERT INTO notes.note (text) VALUES ('x') RETURNING text")).toEqual([
    { text: 'x' },
  ])
})

test('databases made by the API and by SQL have it', async () => {
  await createDatabase(admin, { name: 'by_api', owner: OWNER })
  await using owner = await connectAs(cluster.address, OWNER)
  await owner.query('CREATE DATABASE by_sql')
  for (const database of ['by_api', 'by_sql']) {
    await using session = await connectAs(cluster.address, OWNER, database)
    await session.query('CREATE TABLE made (n int)')
    const [row] = await session.query<{ acl: string }>(ACL, ['made'])
    expect(row?.acl).toContain(ALL_OF_A_TABLE)
  }
})

test('no name and no function of a user misleads it', async () => {
  await using app = await connectAs(cluster.address, APP)
  await app.query('CREATE SCHEMA "a"";DROP ROLE x;--"')
  await app.query('CREATE TABLE "a"";DROP ROLE x;--"."t; GRANT cloud_admin TO PUBLIC; --" (n serial)')
  await app.query(`CREATE SCHEMA spoof`)
  await app.query(`CREATE FUNCTION spoof.aclexplode(aclitem[]) RETURNS TABLE (grantee oid, is_grantable boolean)
    LANGUAGE plpgsql AS $$ BEGIN RAISE 'called as %', current_user; END $$`)
  await app.query('CREATE VIEW pg_temp.pg_class AS SELECT 1 AS oid')
  await app.query('SET search_path = pg_temp, spoof, pg_catalog')
  await app.query('CREATE TABLE spoof.plain (n int)')
  const [row] = await app.query<{ acl: string }>(ACL, ['spoof.plain'])
  expect(row?.acl).toContain(ALL_OF_A_TABLE)
  for (const refused of [
    'SELECT pg_catalog.databricks_grant_on_create()',
    'CREATE EVENT TRIGGER mine ON ddl_command_end EXECUTE FUNCTION pg_catalog.databricks_grant_on_create()',
    'ALTER EVENT TRIGGER on_create_schema DISABLE',
    'DROP EXTENSION plpgsql',
  ]) {
    await expect(app.query(refused)).rejects.toThrow(/trigger function|permission denied|must be owner/)
  }
})

test('temporary tables are left alone, and so are the rights on a view that is replaced', async () => {
  await using app = await connectAs(cluster.address, APP)
  await app.query('CREATE TEMPORARY TABLE passing (id serial)')
  expect(await app.query("SELECT relacl FROM pg_class WHERE relname LIKE 'passing%'")).toEqual([
    { relacl: null },
    { relacl: null },
  ])
  await app.query('CREATE SCHEMA replaced')
  await app.query('CREATE VIEW replaced.v AS SELECT 1 AS n')
  await app.query('REVOKE TRUNCATE ON replaced.v FROM databricks_superuser')
  const before = await app.query(ACL, ['replaced.v'])
  await app.query('CREATE OR REPLACE VIEW replaced.v AS SELECT 2 AS n')
  expect(await app.query(ACL, ['replaced.v'])).toEqual(before)
})

test('dumps hold none of it: the triggers and their function belong to an extension that every database has', async () => {
  await using connection = await admin.open('databricks_postgres')
  const members = await connection.query<{ name: string }>(
    `SELECT pg_describe_object(classid, objid, objsubid) AS name FROM pg_depend
     WHERE deptype = 'e' AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'plpgsql')
       AND (classid = 'pg_event_trigger'::regclass OR pg_describe_object(classid, objid, 0) LIKE '%databricks%') ORDER BY 1`,
  )
  expect(members.map(({ name }) => name)).toEqual([
    'event trigger on_create_extension',
    'event trigger on_create_schema',
    'event trigger on_create_sequence',
    'event trigger on_create_table_or_view',
    'function databricks_grant_on_create()',
    'function databricks_grant_on_extension()',
  ])
  const loose = await connection.query('SELECT FROM pg_event_trigger')
  expect(loose).toHaveLength(4)
})

test('databricks_superuser may begin the statistics of statements anew, others may not', async () => {
  await using owner = await connectAs(cluster.address, OWNER)
  await using app = await connectAs(cluster.address, APP)
  await owner.query('CREATE EXTENSION pg_stat_statements')
  await owner.query('SELECT pg_stat_statements_reset()')
  await expect(app.query('SELECT pg_stat_statements_reset()')).rejects.toMatchObject(DENIED)
})
