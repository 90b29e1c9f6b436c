// SQL over HTTP: what the console's editor stands on. Real Postgres behind the real gateway.
import { randomUUID } from 'node:crypto'
import {
  ApiError,
  computeControlRoutes,
  overviewRoutes,
  type SqlEvent,
  type SqlRunBody,
  sqlRoutes,
} from '@lakelet/api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestWorkspace, type TestWorkspace } from './workspace.ts'

let workspace: TestWorkspace
const params = { project: 'sql', branch: 'production', endpoint: 'primary' }

beforeAll(async () => {
  workspace = await startTestWorkspace()
  await workspace.cli(['postgres', 'create-project', 'sql'])
})
afterAll(() => workspace?.[Symbol.asyncDispose]())

describe('a run of SQL', () => {
  it('gives columns, rows as Postgres prints them, tags and notices, in order, as the caller', async () => {
    const events = await run(
      'create temp table t (n int8, v text)',
      "insert into t values (9223372036854775807, null), (1, '')",
      'select * from t',
      `do $$ begin raise notice 'heard'; end $$`,
      'select current_user::text, application_name from pg_stat_activity where pid = pg_backend_pid()',
    )
    expect(of(events, 'done').map(({ tag }) => tag)).toEqual([
      'CREATE TABLE',
      'INSERT 0 2',
      'SELECT 2',
      'DO',
      'SELECT 1',
    ])
    expect(of(events, 'columns')[0]?.columns).toMatchObject([
      { name: 'n', type: 'int8' },
      { name: 'v', type: 'text' },
    ])
    expect(of(events, 'rows')[0]?.rows).toEqual([
      ['9223372036854775807', null],
      ['1', ''],
    ])
    expect(of(events, 'notice')[0]).toMatchObject({ statement: 3, notice: { message: 'heard' } })
    expect(of(events, 'rows')[1]?.rows).toEqual([[workspace.user, 'lakelet-console']])
    expect(events.at(-1)).toEqual({ event: 'end', open_transaction: false })
  })

  it('stops at the first error and says where it is', async () => {
    const events = await run('select 1', "select '🐘', x", 'select 2')
    const [error] = of(events, 'error')
    expect(error).toMatchObject({ statement: 1, error: { code: '42703', position: 13 } })
    expect(of(events, 'done')).toHaveLength(1)
  })

  it('rolls back what was left open and says so', async () => {
    const events = await run('create table kept (n int)', 'begin', 'insert into kept values (1)')
    expect(events.at(-1)).toEqual({ event: 'end', open_transaction: true })
    expect(of(await run('select count(*) from kept'), 'rows')[0]?.rows).toEqual([['0']])
  })

  it('names types that are not built in, and keeps to the limit of rows', async () => {
    await run("create type mood as enum ('calm')")
    const [done] = of(await run("select 'calm'::mood"), 'done')
    expect(Object.values(done?.types ?? {})).toEqual(['mood'])
    const events = await send({ statements: [{ text: 'select generate_series(1, 3000)' }], max_rows: 1500 })
    expect(of(events, 'done')[0]).toMatchObject({ rows: 1500, truncated: true })
    for (const rows of [1, 32, 33, 1000, 1032, 2000]) {
      for (const more of [0, 1]) {
        const text = `select generate_series(1, ${rows + more})`
        const [end] = of(await send({ statements: [{ text }], max_rows: rows }), 'done')
        expect(end).toMatchObject({ rows, truncated: more === 1 })
      }
    }
  })

  it('does not let COPY take the connection over', async () => {
    const events = await run('copy kept from stdin')
    expect(of(events, 'error')[0]?.error.message).toContain('psql')
    expect(of(await run('copy kept to stdout'), 'done')).toHaveLength(1)
    expect(of(await run('select 1'), 'done')).toHaveLength(1)
  })

  it('runs a repeated request once', async () => {
    const run_id = randomUUID()
    const body = { run_id, statements: [{ text: 'insert into kept values (7)' }] }
    const outcomes = await Promise.allSettled([send(body), send(body)])
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const failed = outcomes.find((each) => each.status === 'rejected')
    expect(failed?.reason).toBeInstanceOf(ApiError)
    expect(of(await run('select count(*) from kept'), 'rows')[0]?.rows).toEqual([['1']])
  })

  it('is cancelled in Postgres when its caller says so', async () => {
    const run_id = randomUUID()
    const running = send({ run_id, statements: [{ text: 'select pg_sleep(300) as cancelled_here' }] })
    await expect.poll(async () => of(await run(BUSY), 'rows')[0]?.rows[0]?.[0]).toBe('1')
    await workspace.client.call(sqlRoutes.cancel, { params: { run: run_id } })
    expect(of(await running, 'error')[0]?.error.code).toBe('57014')
    await expect.poll(async () => of(await run(BUSY), 'rows')[0]?.rows[0]?.[0]).toBe('0')
  })

  it('keeps to reading when asked to', async () => {
    const events = await send({ statements: [{ text: 'insert into kept values (8)' }], read_only: true })
    expect(of(events, 'error')[0]?.error.code).toBe('25006')
  })
})

it('cancels what runs when its reader goes, also while nothing is there to be read', async () => {
  const leaving = new AbortController()
  const stream = await workspace.client.call(
    sqlRoutes.run,
    {
      body: {
        run_id: randomUUID(),
        endpoint: `projects/${params.project}/branches/${params.branch}/endpoints/${params.endpoint}`,
        database: 'databricks_postgres',
        statements: [{ text: 'select pg_sleep(300) /* left */' }],
      },
    },
    leaving.signal,
  )
  const reading = new Response(stream).text().catch(() => 'left')
  const busy = async () =>
    of(
      await run("select count(*) from pg_stat_activity where query like '%/* left */' and state = 'active'"),
      'rows',
    )[0]?.rows[0]?.[0]
  await expect.poll(busy).toBe('1')
  leaving.abort()
  expect(await reading).toBe('left')
  await expect.poll(busy).toBe('0')
})

it('suspends, wakes and restarts a compute, and shows it in the overview', async () => {
  const state = async () => {
    const { projects } = await workspace.client.call(overviewRoutes.getOverview, {})
    return projects[0]?.branches[0]?.endpoints[0]?.status.current_state
  }
  await workspace.client.call(computeControlRoutes.suspend, { params, body: {} })
  expect(await state()).toBe('IDLE')
  await workspace.client.call(computeControlRoutes.wake, { params, body: {} })
  expect(await state()).toBe('ACTIVE')
  await workspace.client.call(computeControlRoutes.restart, { params, body: {} })
  expect(await state()).toBe('ACTIVE')
})

it('says who calls and where Postgres listens', async () => {
  expect(await workspace.client.call(overviewRoutes.getSession, {})).toMatchObject({
    user: workspace.user,
    is_admin: true,
    postgres: workspace.postgres,
    ca_file: workspace.caFile,
  })
})

const BUSY = "select count(*) from pg_stat_activity where query like '%cancelled_here' and state = 'active'"

function run(...statements: string[]): Promise<SqlEvent[]> {
  return send({ statements: statements.map((text) => ({ text })) })
}

async function send(body: Partial<SqlRunBody>): Promise<SqlEvent[]> {
  const stream = await workspace.client.call(sqlRoutes.run, {
    body: {
      run_id: randomUUID(),
      endpoint: `projects/${params.project}/branches/${params.branch}/endpoints/${params.endpoint}`,
      database: 'databricks_postgres',
      statements: [],
      ...body,
    },
  })
  const text = await new Response(stream).text()
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as SqlEvent)
}

function of<E extends SqlEvent['event']>(
  events: readonly SqlEvent[],
  event: E,
): Extract<SqlEvent, { event: E }>[] {
  return events.filter((each): each is Extract<SqlEvent, { event: E }> => each.event === event)
}
