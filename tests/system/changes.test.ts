// The stream of changes as a client reads it: a page that shows projects, a page that was away, a page that nobody reads.
import { request } from 'node:http'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CHANGE_TOPICS, credentialRoutes, projectRoutes } from '@lakelet/api'
import { Client } from 'pg'
import { startTestWorkspace, type TestWorkspace } from './workspace.ts'

let workspace: TestWorkspace

beforeAll(async () => {
  workspace = await startTestWorkspace()
})

afterAll(async () => {
  await workspace[Symbol.asyncDispose]()
})

interface Event {
  readonly event: string
  readonly id: string
  readonly topics: readonly string[]
}

/** The events of one stream as they come. */
async function* watch(signal: AbortSignal, lastEventId?: string): AsyncGenerator<Event> {
  const reply = await fetch(`${workspace.host}/api/2.0/lakelet/changes`, {
    headers: {
      authorization: `Bearer ${workspace.token}`,
      ...(lastEventId ? { 'last-event-id': lastEventId } : {}),
    },
    signal,
  })
  expect(reply.status).toBe(200)
  expect(reply.headers.get('content-type')).toBe('text/event-stream')
  let text = ''
  for await (const chunk of reply.body ?? []) {
    text += new TextDecoder().decode(chunk)
    const blocks = text.split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/, 2)))
      if (fields['event']) yield { event: fields['event'], id: fields['id'], ...JSON.parse(fields['data']) }
    }
  }
}

/** Reads until the topics of the events include all of `wanted`; gives what was told and the last id. */
async function readUntil(events: AsyncGenerator<Event>, wanted: readonly string[]) {
  const told = new Set<string>()
  for (;;) {
    const { value } = await events.next()
    if (!value) throw new Error(`the stream ended after ${[...told].join(', ')}`)
    for (const topic of value.topics) told.add(topic)
    if (wanted.every((topic) => told.has(topic))) return { told, id: value.id }
  }
}

test('a stream begins with a reset, tells what changes, and goes on where it ended', async () => {
  const client = workspace.client
  const closing = new AbortController()
  const events = watch(closing.signal)
  expect((await events.next()).value).toMatchObject({ event: 'reset', topics: CHANGE_TOPICS })

  await client.call(projectRoutes.createProject, { query: { project_id: 'seen' }, body: {} })
  const { told, id } = await readUntil(events, ['projects', 'branches', 'endpoints', 'operations'])
  expect(told).not.toContain('apps')
  closing.abort()

  await client.call(projectRoutes.createProject, { query: { project_id: 'missed' }, body: {} })
  const again = new AbortController()
  const resumed = watch(again.signal, id)
  const first = (await resumed.next()).value
  expect(first?.event).toBe('changed')
  expect(first?.topics).toContain('projects')
  expect(first?.topics).not.toContain('apps')
  again.abort()

  const foreign = new AbortController()
  expect((await watch(foreign.signal, 'another-run.7').next()).value?.event).toBe('reset')
  foreign.abort()
})

test('a client of Postgres that comes and one that leaves are told', async () => {
  await workspace.cli(['postgres', 'create-project', 'joined'])
  const closing = new AbortController()
  const events = watch(closing.signal)
  await events.next()
  const endpoint = 'projects/joined/branches/production/endpoints/primary'
  const { token } = await workspace.client.call(credentialRoutes.generate, { body: { endpoint } })
  const client = new Client({
    ...workspace.postgres,
    user: workspace.user,
    password: token,
    database: 'databricks_postgres',
    ssl: { ca: await readFile(workspace.caFile, 'utf8') },
  })
  await client.connect()
  expect((await readUntil(events, ['sessions'])).told).not.toContain('apps')
  await client.end()
  expect((await readUntil(events, ['sessions'])).told).not.toContain('apps')
  closing.abort()
})

test('only those who are signed in may listen', async () => {
  const reply = await fetch(`${workspace.host}/api/2.0/lakelet/changes`)
  expect(reply.status).toBe(401)
})

test('a stream ends with the token that opened it', async () => {
  const api = async (path: string, body: object) => {
    const reply = await fetch(`${workspace.host}/api/2.0/token/${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${workspace.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    expect(reply.status).toBe(200)
    return (await reply.json()) as { token_value: string; token_info: { token_id: string } }
  }
  const made = await api('create', { comment: 'for a stream', lifetime_seconds: 3600 })
  const reply = await fetch(`${workspace.host}/api/2.0/lakelet/changes`, {
    headers: { authorization: `Bearer ${made.token_value}` },
    // Its token is asked about every 5 s; the next sign of life would come after 15 s.
    signal: AbortSignal.timeout(12_000),
  })
  const ended = reply.text().then(
    () => 'ended',
    (error: Error) => (error.name === 'TimeoutError' ? 'still open' : 'ended'),
  )
  await api('delete', { token_id: made.token_info.token_id })
  expect(await ended).toBe('ended')
})

test('clients that never read do not keep the workspace from stopping', async () => {
  const silent = Array.from({ length: 20 }, () => {
    const call = request(`${workspace.host}/api/2.0/lakelet/changes`, {
      headers: { authorization: `Bearer ${workspace.token}` },
    })
    call.on('error', () => {})
    call.end()
    return call
  })
  const replies = await Promise.all(silent.map((call) => once(call, 'response')))
  for (const [reply] of replies) reply.pause()
  const began = Date.now()
  expect(await workspace.stop()).toBe(0)
  // Far from any deadline of a stop, on however slow a machine.
  expect(Date.now() - began).toBeLessThan(10_000)
})
