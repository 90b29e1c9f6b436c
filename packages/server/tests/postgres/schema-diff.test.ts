// The difference of two schemas is right when its statements make the one like the other: tried in both directions, on schemas that were
// made to be difficult and on random ones.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AdminConnection, type Cluster, compareSchemas, connectAdmin } from '../../src/postgres/index.ts'
import { scaled } from '../../../../tests/hostile/duration.ts'
import { type TestInstallation, installForTest } from './installed.ts'

let postgres: TestInstallation
let cluster: Cluster
let admin: AdminConnection
let made = 0

beforeAll(async () => {
  postgres = await installForTest()
  cluster = await postgres.start(await postgres.newDataDirectory('diff'))
  admin = await connectAdmin(cluster.address)
  await admin.execute('CREATE ROLE reader; CREATE ROLE "odd ""one"""; CREATE ROLE owner_of_things')
})
afterAll(async () => {
  await admin[Symbol.asyncDispose]()
  await cluster[Symbol.asyncDispose]()
  await postgres[Symbol.asyncDispose]()
})

/** A connection to a new database with this in it. */
async function database(sql: string): Promise<AdminConnection> {
  const name = `d${(made += 1)}`
  await admin.execute(`CREATE DATABASE ${name}`)
  const connection = await connectAdmin(cluster.address, { database: name })
  await connection.execute(`SET search_path = public; ${sql}; SET search_path = pg_catalog`)
  return connection
}

/** Runs a script as psql would, statement block by statement block. */
async function run(connection: AdminConnection, script: string): Promise<void> {
  for (const block of script.split(/(?<=^COMMIT;)$/m))
    if (block.trim() !== '') await connection.execute(block)
}

/** Both ways: what is said, applied, leaves nothing to say. */
async function expectBothWays(one: string, other: string) {
  await using a = await database(one)
  await using b = await database(other)
  await using again = await database(one)
  const there = await compareSchemas(a, b)
  const back = await compareSchemas(b, a)
  await run(a, there.sql)
  expect(await compareSchemas(a, b)).toMatchObject({ changes: [], sql: '' })
  await run(b, back.sql)
  expect(await compareSchemas(b, again)).toMatchObject({ changes: [], sql: '' })
  return { there, back }
}

const EVERYTHING = `
  CREATE EXTENSION pg_trgm;
  CREATE SCHEMA "Odd ""schema""" AUTHORIZATION owner_of_things;
  CREATE TYPE mood AS ENUM ('sad', 'ok');
  CREATE DOMAIN email AS text CHECK (VALUE ~ '@');
  CREATE TABLE authors (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email email NOT NULL UNIQUE, feels mood DEFAULT 'ok');
  CREATE TABLE "Odd ""schema"""."Sel'ect" ("a b" int, "from" text COLLATE "C", CHECK ("a b" > 0));
  CREATE TABLE notes (id int PRIMARY KEY, author bigint REFERENCES authors ON DELETE CASCADE, body text,
    words int GENERATED ALWAYS AS (length(body)) STORED, at timestamptz DEFAULT now()) ;
  CREATE TABLE events (at date NOT NULL, n int) PARTITION BY RANGE (at);
  CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
  CREATE INDEX notes_body ON notes USING gin (body gin_trgm_ops) WHERE body IS NOT NULL;
  CREATE VIEW latest AS SELECT id, body FROM notes ORDER BY at DESC;
  CREATE VIEW shorter AS SELECT id FROM latest;
  CREATE MATERIALIZED VIEW counts AS SELECT author, count(*) FROM notes GROUP BY author;
  CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $x$ BEGIN NEW.at := now(); RETURN NEW; END $x$;
  CREATE FUNCTION added(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql IMMUTABLE RETURN a + b;
  CREATE TRIGGER touched BEFORE UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION touch();
  CREATE SEQUENCE numbers START 7 INCREMENT 3;
  ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
  CREATE POLICY own ON notes FOR SELECT TO reader USING (author = 1);
  GRANT SELECT ON notes TO reader;
  GRANT UPDATE (body) ON notes TO "odd ""one""";
  ALTER TABLE authors OWNER TO owner_of_things;
  ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO reader;
  COMMENT ON TABLE notes IS 'it''s; -- COMMIT;';`

test('everything from nothing, and nothing from everything', async () => {
  const { there, back } = await expectBothWays('SELECT 1', EVERYTHING)
  const kinds = new Set(there.changes.map(({ kind }) => kind))
  const all =
    'table,column,index,constraint,view,materialized view,function,trigger,policy,grant,extension,schema,sequence,type,domain,comment,default privilege'
  for (const kind of all.split(',')) expect(kinds).toContain(kind)
  expect(there.changes).toContainEqual({ action: 'add', kind: 'table', name: `"Odd ""schema"""."Sel'ect"` })
  expect(there.changes).toContainEqual({ action: 'add', kind: 'grant', name: 'reader on table public.notes' })
  expect(there.destructiveStatements).toBe(0)
  expect(back.destructiveStatements).toBeGreaterThan(0)
  expect(back.sql).toContain('-- loses data\n')
})

test('small changes are small', async () => {
  const before = 'CREATE TABLE t (id int PRIMARY KEY, body text); CREATE INDEX t_body ON t (body)'
  const { there } = await expectBothWays(
    before,
    `CREATE TABLE t (id int PRIMARY KEY, body varchar(9) NOT NULL DEFAULT 'x', more int); CREATE INDEX t_body ON t (more)`,
  )
  expect(there.changes).toEqual([
    { action: 'change', kind: 'column', name: 'public.t.body', attributes: ['default', 'notNull', 'type'] },
    { action: 'add', kind: 'column', name: 'public.t.more' },
    { action: 'change', kind: 'index', name: 'public.t_body', attributes: ['def'] },
  ])
  await using one = await database(before)
  await using same = await database(before)
  expect(await compareSchemas(one, same)).toEqual({
    changes: [],
    sql: '',
    destructiveStatements: 0,
    notes: [],
  })
})

test('what hangs together is taken apart and put together in order', async () => {
  await expectBothWays(
    `CREATE TYPE mood AS ENUM ('a', 'b'); CREATE TABLE t (m mood, n int); CREATE VIEW v AS SELECT m, n FROM t;
     CREATE VIEW w AS SELECT n FROM v; CREATE TABLE x (id int PRIMARY KEY); CREATE TABLE y (x int REFERENCES x)`,
    `CREATE TYPE mood AS ENUM ('a', 'b', 'c'); CREATE TABLE t (m mood, n bigint); CREATE VIEW v AS SELECT n, m FROM t;
     CREATE VIEW w AS SELECT n + 1 AS n FROM v; CREATE TABLE y (x int PRIMARY KEY); CREATE TABLE x (id int REFERENCES y)`,
  )
})

test('random schemas', async () => {
  const rounds = scaled(3, 60)
  for (let round = 0; round < rounds; round += 1) {
    const seed = Math.floor(Math.random() * 2 ** 31)
    const [one, other] = [randomSchema(seed), randomSchema(seed + 1)]
    await expectBothWays(one, other).catch((cause: unknown) => {
      throw new Error(`seed ${seed}:\n${one}\n--\n${other}`, { cause })
    })
  }
}, 1_800_000)

/** Statements of a schema: tables that differ in columns, constraints, indexes, views, policies and grants from seed to seed. */
function randomSchema(seed: number): string {
  let state = (seed * 2_654_435_761) >>> 0
  const below = (most: number) => {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * most)
  }
  const pick = <T>(of: readonly T[]): T => of[below(of.length)]!
  // Each can be cast to each: what Postgres has no conversion for, no statement converts.
  const types = ['int', 'bigint', 'text', 'numeric(9,2)', 'varchar(20)'] as const
  const statements: string[] = []
  const tables = ['t', 'u', '"V w"'].filter(() => below(5) > 0)
  for (const table of tables) {
    const columns = ['a', 'b', '"c d"', 'e']
      .filter(() => below(4) > 0)
      .map((name) => {
        const type = pick(types)
        return { name, type, rest: below(3) === 0 ? ' NOT NULL' : '' }
      })
    const list = columns.map(({ name, type, rest }) => `${name} ${type}${rest}`)
    statements.push(`CREATE TABLE ${table} (${['id int PRIMARY KEY', ...list].join(', ')})`)
    for (const { name, type } of columns) {
      if (below(3) === 0) statements.push(`CREATE INDEX ON ${table} (${name})`)
      if (below(4) === 0 && type === 'int')
        statements.push(`ALTER TABLE ${table} ADD CHECK (${name} > ${below(3)})`)
      if (below(4) === 0 && type === 'text')
        statements.push(`ALTER TABLE ${table} ALTER ${name} SET DEFAULT 'it''s ${below(3)}'`)
      if (below(4) === 0) statements.push(`COMMENT ON COLUMN ${table}.${name} IS 'c${below(3)}'`)
    }
    const shown = ['id', ...columns.map(({ name }) => name)].slice(0, 1 + below(3))
    if (below(2) === 0)
      statements.push(
        `CREATE VIEW ${table.replaceAll('"', '').replace(' ', '_')}_view AS SELECT ${shown.join(', ')} FROM ${table}`,
      )
    if (below(3) === 0) statements.push(`CREATE POLICY p ON ${table} USING (id > ${below(3)})`)
    if (below(2) === 0)
      statements.push(
        `GRANT ${pick(['SELECT', 'INSERT', 'ALL'])} ON ${table} TO ${pick(['reader', '"odd ""one"""', 'PUBLIC'])}`,
      )
  }
  if (tables.length > 1 && below(2) === 0)
    statements.push(`ALTER TABLE ${tables[0]} ADD FOREIGN KEY (id) REFERENCES ${tables[1]}`)
  if (below(2) === 0)
    statements.push(`CREATE FUNCTION f(n int) RETURNS int LANGUAGE sql AS 'SELECT n + ${below(3)}'`)
  if (below(2) === 0) statements.push(`CREATE TYPE kind AS ENUM ('a', 'b'${below(2) === 0 ? `, 'c'` : ''})`)
  return ['SELECT 1', ...statements].join(';\n')
}

test('a comparison that nobody waits for any more ends, and the next one has its turn', async () => {
  await using one = await database('CREATE TABLE t (id int)')
  await using other = await database('CREATE TABLE t (id bigint)')
  const given = new AbortController()
  const first = compareSchemas(one, other, given.signal)
  const second = compareSchemas(one, other)
  given.abort(new Error('left'))
  await expect(first).rejects.toThrow('left')
  expect((await second).changes).toMatchObject([{ kind: 'column', name: 'public.t.id' }])
  await expect(compareSchemas(one, other, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone')
})
