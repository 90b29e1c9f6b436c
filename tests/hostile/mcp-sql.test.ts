// Read-only SQL of the tools for agents: nothing that it says changes anything. The state of the database is looked at before and after.
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call, overHttp, type TestClient } from '../system/mcp-clients.ts'
import { startTestWorkspace, type TestWorkspace } from '../system/workspace.ts'
import { scaled } from './duration.ts'

let workspace: TestWorkspace
let client: TestClient

/** What the workspace's own user may do, made beforehand: code that a hostile or careless colleague left in the database. */
const SETUP = `
  create table notes (id int primary key generated always as identity, content text);
  insert into notes (content) values ('one'), ('two');
  create sequence counter;
  create table log (entry text);
  create view plain as select * from notes;
  create function writes() returns int language sql as $$ insert into log values ('writes') returning 1 $$;
  create function writes_dynamic(what text) returns void language plpgsql as $$ begin execute what; end $$;
  create function unlocks() returns void language plpgsql set default_transaction_read_only = off as $$ begin insert into log values ('unlocks'); end $$;
  create function sets() returns void language plpgsql as $$ begin perform set_config('transaction_read_only', 'off', true); insert into log values ('sets'); end $$;
  create function definer() returns void language plpgsql security definer as $$ begin insert into log values ('definer'); end $$;
  create procedure commits() language plpgsql as $$ begin commit; insert into log values ('commits'); end $$;
  create view sneaky as select writes() as x;
  create function op(a int, b int) returns int language sql as $$ insert into log values ('op') returning a $$;
  create operator <+> (leftarg = int, rightarg = int, function = op);
  create extension tablefunc;`

beforeAll(async () => {
  workspace = await startTestWorkspace()
  await workspace.cli(['postgres', 'create-project', 'target'])
  await workspace.cli(['sql', SETUP])
  client = await overHttp(workspace, workspace.token)
})
afterAll(async () => {
  await client?.close()
  await workspace?.[Symbol.asyncDispose]()
})

/** Three at a time: the workspace runs four of a caller. */
async function forEach<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values()
  const take = async () => {
    for (const item of rest) await work(item)
  }
  await Promise.all([take(), take(), take()])
}

/** Everything that an escape could have changed, as the owner sees it. */
function state(): Promise<string> {
  return workspace.cli([
    'sql',
    `select (select count(*) from notes), (select string_agg(content, ',' order by id) from notes), (select count(*) from log),
       (select last_value || ' ' || is_called from counter), (select count(*) from pg_class where relnamespace = 'public'::regnamespace),
       (select count(*) from pg_roles), (select count(*) from pg_proc where pronamespace = 'public'::regnamespace),
       (select count(*) from pg_locks where locktype = 'advisory'), (select count(*) from pg_prepared_xacts),
       (select count(*) from pg_replication_slots), (select string_agg(datname, ',') from pg_database),
       (select count(*) from pg_largeobject_metadata), (select string_agg(setconfig::text, ',') from pg_db_role_setting)`,
    '-o',
    'json',
  ])
}

const BY_POSTGRES = [
  "insert into notes (content) values ('three')",
  'with gone as (delete from notes returning *) select * from gone',
  "with x as (insert into log values ('cte') returning 1) select * from x",
  "explain analyze insert into log values ('explained')",
  "prepare p as insert into log values ('prepared'); execute p",
  'select * into copied from notes',
  'select writes()',
  'select * from sneaky',
  'select unlocks()',
  'select definer()',
  "select writes_dynamic('drop table notes')",
  "select writes_dynamic('commit')",
  'select 1 <+> 2',
  'select * from notes for update',
  'set transaction read write',
  'set transaction_read_only = off',
  'set local transaction_read_only to false; delete from notes',
  'set session characteristics as transaction read write; delete from notes',
  'set default_transaction_read_only = off; delete from notes',
  'reset transaction_read_only; delete from notes',
  'reset all; delete from notes',
  'set transaction isolation level serializable read write',
  'set role cloud_admin',
  'set session authorization cloud_admin',
  "copy notes to '/tmp/lakelet-escape'",
  "copy notes to program 'touch /tmp/lakelet-escape'",
  "copy (select 1) to program 'true'",
  'copy notes from stdin',
  "copy notes from program 'echo 1'",
  'declare c cursor with hold for select * from notes for update',
] as const

const BEFORE = [
  'commit',
  'COMMIT; drop table notes',
  'end; delete from notes',
  'rollback; delete from notes',
  'abort',
  'begin',
  'start transaction read write',
  'commit and chain; set transaction read write; delete from notes',
  'rollback and chain; set transaction read write; delete from notes',
  '/* select */ commit; delete from notes',
  '-- select\ncommit; delete from notes',
  'savepoint a; release a',
  "prepare transaction 'left'",
  "PREPARE/**/TRANSACTION 'left'",
  'do $$ begin perform pg_advisory_lock(1); end $$',
  'do $$ begin commit; delete from notes; end $$',
  'call commits()',
  'lock table notes in access exclusive mode',
  'drop table notes',
  'truncate notes',
  'vacuum notes',
  'alter system set work_mem = 1',
  "notify channel, 'x'",
  "comment on table notes is 'x'",
  'create temp table t (n int)',
  'checkpoint',
  "load 'x'",
  'discard all',
  'listen channel',
  'grant all on notes to public',
  "select nextval('counter')",
  "select NEXTVAL /* here */ ('counter')",
  'select "nextval"(\'counter\')',
  "select pg_catalog . nextval('counter')",
  'select U&"next\\0076al"(\'counter\')',
  "select setval('counter', 100)",
  'select pg_advisory_lock(1)',
  'select pg_try_advisory_lock_shared(1, 2)',
  'select pg_terminate_backend(pid) from pg_stat_activity',
  'select pg_cancel_backend(pid) from pg_stat_activity',
  "select pg_logical_emit_message(false, 'a', 'b')",
  "select set_config('transaction_read_only', 'off', false)",
  "select pg_read_file('/etc/passwd')",
  "select pg_ls_dir('/')",
  "select lo_export(1, '/tmp/lakelet-escape')",
  "select lo_import('/etc/passwd')",
  'select lo_create(0)',
  "select lo_from_bytea(0, 'x')",
  "select dblink_exec('dbname=databricks_postgres', 'delete from notes')",
  "select * from dblink('host=127.0.0.1 user=x password=y', 'select 1') as t (n int)",
  "select query_to_xml('select pg_advisory_lock(1)', true, true, '')",
  "select query_to_xml_and_xmlschema('select nextval(''counter'')', true, true, '')",
  "select * from crosstab('select pg_advisory_lock(1)::text, ''a''::text, ''b''::text') as t (a text, b text)",
  "select ts_stat('select pg_advisory_lock(1)::text::tsvector')",
  "select ts_rewrite('a'::tsquery, 'select ''a''::tsquery, ''b''::tsquery')",
  "select pg_create_physical_replication_slot('s')",
  "select pg_create_logical_replication_slot('s', 'pgoutput')",
  "select pg_notify('channel', 'x')",
  'select pg_reload_conf()',
  'select pg_switch_wal()',
  'select pg_stat_reset()',
  'select pg_export_snapshot()',
  'explain analyze select pg_advisory_lock(1)',
  'copy (select pg_advisory_lock(1)) to stdout',
  'prepare p as select pg_advisory_lock(1)',
  "select 'a' || $$b$$, pg_advisory_lock(1)",
  "select e'\\'', pg_advisory_lock(1), ''",
  '(select pg_advisory_lock(1))',
  'values (pg_advisory_lock(1))',
  'table notes; select pg_advisory_lock(1)',
  "set standard_conforming_strings = off; select 'a\\'' || pg_advisory_lock(1) || ''",
] as const

describe('read-only SQL', () => {
  it('is refused by Postgres itself where it writes, whatever way it goes', async () => {
    const before = await state()
    await forEach(BY_POSTGRES, async (sql) => {
      const { isError, data } = await call(client, 'query', { sql })
      expect({ sql, isError, data }).toMatchObject({
        isError: true,
        data: { error: { code: expect.any(String) } },
      })
      expect(JSON.stringify(data)).not.toMatch(/is not run in a read-only|may act outside|was ended/)
    })
    expect(await state()).toBe(before)
  })

  it('cannot leave its transaction, and calls nothing that acts beside it', async () => {
    const before = await state()
    await forEach(BEFORE, async (sql) => {
      const { isError } = await call(client, 'query', { sql })
      expect({ sql, isError }).toEqual({ sql, isError: true })
    })
    expect(await state()).toBe(before)
  })

  it('changes nothing by what it may call, since it is rolled back', async () => {
    const before = await state()
    for (const sql of [
      // Postgres runs this one in a read-only transaction, too.
      'explain analyze create table copied as select 1',
      'select sets()',
      "select writes_dynamic('set local work_mem = 64')",
      'set work_mem = 65; show work_mem',
    ])
      await call(client, 'query', { sql })
    expect(await state()).toBe(before)
  })

  it('still reads', async () => {
    for (const sql of [
      'select * from plain',
      "select content, random(), now(), clock_timestamp() from notes where content like '%nextval(%'",
      "select 'nextval(1)', $$ pg_advisory_lock(1) $$ -- setval(1)",
      '/* pg_terminate_backend(1) */ with t as (select 1) select * from t',
      'table notes',
      'values (1), (2)',
      '(select 1) union (select 2)',
      'show server_version',
      'explain (analyze, buffers) select * from notes',
      'declare c cursor for select * from notes; fetch all from c; close c',
      'prepare p (int) as select * from notes where id = $1; execute p (1); deallocate p',
      "select pg_size_pretty(pg_total_relation_size('notes'))",
      "select pg_get_viewdef('plain'::regclass), format_type(23, null)",
      'select * from pg_stat_activity',
      'copy notes to stdout',
    ]) {
      const { isError, text } = await call(client, 'query', { sql })
      expect({ sql, isError, text: isError ? text : '' }).toEqual({ sql, isError: false, text: '' })
    }
  })

  it('ends in time, also where a statement lifts the limit', async () => {
    const started = performance.now()
    const slow = await call(client, 'query', {
      sql: 'set statement_timeout = 0; select pg_sleep(600)',
      timeout_seconds: 2,
    })
    expect(slow.message).toContain('timeout_seconds')
    expect(performance.now() - started).toBeLessThan(60_000)
    const plain = await call(client, 'query', { sql: 'select pg_sleep(600)', timeout_seconds: 1 })
    expect(plain.data).toMatchObject({ error: { code: '57014' } })
  })

  it('changes nothing, however the pieces are put together', async () => {
    const before = await state()
    const piece = fc.constantFrom(
      ...BY_POSTGRES,
      ...BEFORE,
      'select 1',
      ';',
      "'",
      '"',
      '$$',
      '$a$',
      '/*',
      '*/',
      '--',
      '\n',
      '(',
      ')',
      '\\',
      "e'",
      'U&"',
      'set standard_conforming_strings = off;',
      'set search_path = public, pg_catalog;',
      'delete from notes;',
    )
    const script = fc.array(piece, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(' '))
    await fc.assert(
      fc.asyncProperty(script, async (sql) => {
        await call(client, 'query', { sql, timeout_seconds: 5 })
      }),
      { numRuns: scaled(40, 1500), interruptAfterTimeLimit: scaled(20_000, 240_000) },
    )
    expect(await state()).toBe(before)
  })
})
