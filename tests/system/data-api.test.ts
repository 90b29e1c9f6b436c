// What the Data API lets through: rows as the caller's role sees them, and nothing that a client writes as SQL.
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Person, startDataApiWorld, type World } from '../clients/data-api-world.ts'
import { scaled } from '../hostile/duration.ts'

let world: World

beforeAll(async () => {
  world = await startDataApiWorld()
})
afterAll(() => world?.[Symbol.asyncDispose]())

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
}

async function call(
  path: string,
  options: RequestInit & { readonly as?: Person | undefined } = {},
): Promise<Answer> {
  const { as = world.ann, headers, ...rest } = options
  const reply = await fetch(`${world.url}${path}`, {
    ...rest,
    headers: {
      authorization: `Bearer ${as.token}`,
      'content-type': 'application/json',
      ...(headers as object),
    },
  })
  const text = await reply.text()
  return {
    status: reply.status,
    headers: reply.headers,
    body: text === '' ? undefined : (JSON.parse(text) as unknown),
  }
}

describe('who calls', () => {
  it('refuses no token, a bad one, and a role that was not granted', async () => {
    const none = await fetch(`${world.url}/clients`)
    expect([none.status, await none.json()]).toEqual([401, expect.objectContaining({ code: 'PGRST302' })])
    const bad = await call('/clients', { as: { name: 'x', token: `${world.ann.token}x` } })
    expect([bad.status, bad.body]).toEqual([401, expect.objectContaining({ code: 'PGRST301' })])
    const owner = await call('/clients', { as: { name: world.workspace.user, token: world.workspace.token } })
    expect([owner.status, owner.body]).toEqual([
      403,
      expect.objectContaining({
        code: '42501',
        hint: expect.stringContaining('TO authenticator') as unknown,
      }),
    ])
  })

  it('lets nobody log in as authenticator with a token of his own', async () => {
    await expect(
      world.sql('SELECT 1', [], { name: 'authenticator', token: world.ann.token }),
    ).rejects.toMatchObject({ code: '28000' })
  })

  it('shows each caller the rows that SQL shows the same role, whatever the policies', async () => {
    await world.sql(`CREATE TABLE secrets (id int PRIMARY KEY, owner text, level int);
      INSERT INTO secrets SELECT n, (ARRAY['${world.ann.name}', '${world.ben.name}', 'other'])[n % 3 + 1], n % 5 FROM generate_series(1, 30) n;
      ALTER TABLE secrets ENABLE ROW LEVEL SECURITY; GRANT ALL ON secrets TO "${world.ann.name}", "${world.ben.name}"`)
    const condition = fc.oneof(
      fc.constant('owner = current_user'),
      fc.integer({ min: 0, max: 5 }).map((n) => `level < ${n}`),
      fc.constant(
        `owner = current_setting('request.jwt.claims', true)::json ->> 'sub' OR owner = current_user`,
      ),
      fc.constant('false'),
      fc.constant('true'),
    )
    const policy = fc.record({
      using: condition,
      restrictive: fc.boolean(),
      to: fc.constantFrom('PUBLIC', 'ann', 'ben'),
    })
    const roleOf = (to: string) =>
      to === 'PUBLIC' ? to : `"${to === 'ann' ? world.ann.name : world.ben.name}"`
    await fc.assert(
      fc.asyncProperty(fc.array(policy, { maxLength: 4 }), async (policies) => {
        const made = policies.map(
          ({ using, restrictive, to }, at) =>
            `CREATE POLICY p${at} ON secrets AS ${restrictive ? 'RESTRICTIVE' : 'PERMISSIVE'} FOR ALL TO ${roleOf(to)} USING (${using});`,
        )
        await world.sql(made.join('\n') || 'SELECT 1')
        try {
          for (const person of [world.ann, world.ben]) {
            const { body } = await call('/secrets?select=id&order=id', { as: person })
            expect(body).toEqual(await world.sql('SELECT id FROM secrets ORDER BY id', [], person))
          }
        } finally {
          await world.sql(policies.map((_, at) => `DROP POLICY p${at} ON secrets;`).join('\n') || 'SELECT 1')
        }
      }),
      { numRuns: scaled(8, 200) },
    )
  })
})

describe('what a client writes', () => {
  it('is a value or a name, never SQL', async () => {
    const hostile = [
      `'; DROP TABLE clients; --`,
      `x" OR 1=1 --`,
      '$1',
      String.raw`\'; SELECT pg_sleep(9)`,
      '") UNION SELECT 1 --',
      '🐘"\\',
      `a'||'b`,
    ]
    for (const text of hostile) {
      const value = encodeURIComponent(text)
      const name = encodeURIComponent(`"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`)
      expect(await call(`/clients?select=id&name=eq.${value}`)).toMatchObject({ status: 200, body: [] })
      expect((await call(`/clients?select=${name}`)).body).toMatchObject({ code: '42703' })
      expect((await call(`/clients?select=id&order=${name}`)).body).toMatchObject({ code: '42703' })
      expect((await call(`/clients?select=id,new:${name}::text`)).body).toMatchObject({ code: '42703' })
      expect((await call(`/clients?select=data->>${name}&id=eq.1`)).status).toBe(200)
      expect((await call(`/${value}`)).status).toBe(404)
      expect((await call(`/clients?columns=${name}`, { method: 'POST', body: '[{}]' })).body).toMatchObject({
        code: 'PGRST204',
      })
      expect(
        (await call('/users', { method: 'POST', body: JSON.stringify({ [text]: 1 }) })).body,
      ).toMatchObject({ code: 'PGRST204' })
    }
    expect((await call('/clients?select=id::text)%20FROM%20clients--')).body).toMatchObject({
      code: 'PGRST100',
    })
    expect((await call('/clients?select=id::text%20COLLATE%20C')).status).toBe(400)
    expect((await call('/clients?select=id&order=id')).body).toHaveLength(3)
  })

  it('filters as SQL does: random trees of conditions', async () => {
    const leaf = fc.oneof(
      fc
        .tuple(
          fc.constantFrom(['eq', '='], ['neq', '<>'], ['gt', '>'], ['lte', '<=']),
          fc.integer({ min: 0, max: 5 }),
        )
        .map(([[op, sql], n]) => ({ api: `id.${op}.${n}`, sql: `id ${sql} ${n}` })),
      fc.constant({ api: 'client_id.is.null', sql: 'client_id IS NULL' }),
      fc.constant({ api: 'done.not.is.true', sql: 'NOT (done IS TRUE)' }),
      fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }).map((ids) => ({
        api: `id.in.(${ids.join(',')})`,
        sql: ids.length === 0 ? 'false' : `id IN (${ids.join(',')})`,
      })),
      fc
        .string({ maxLength: 6 })
        .filter((text) => !text.includes('\0'))
        .map((text) => ({
          api: `name.eq."${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`,
          sql: `name = '${text.replaceAll("'", "''")}'`,
        })),
      fc.constant({ api: 'tags.cs.{a,b}', sql: `tags @> '{a,b}'` }),
    )
    const { tree } = fc.letrec<{ tree: { api: string; sql: string } }>((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        leaf,
        fc
          .tuple(
            fc.constantFrom('and', 'or', 'not.and', 'not.or'),
            fc.array(tie('tree'), { minLength: 1, maxLength: 3 }),
          )
          .map(([kind, children]) => ({
            api: `${kind}(${children.map(({ api }) => api).join(',')})`,
            sql: `${kind.startsWith('not') ? 'NOT ' : ''}(${children.map(({ sql }) => `(${sql})`).join(kind.endsWith('and') ? ' AND ' : ' OR ')})`,
          })),
      ),
    }))
    await fc.assert(
      fc.asyncProperty(tree, async ({ api, sql }) => {
        const { body } = await call(`/projects?select=id&order=id&and=${encodeURIComponent(`(${api})`)}`)
        expect(body).toEqual(await world.sql(`SELECT id FROM projects WHERE ${sql} ORDER BY id`))
      }),
      { numRuns: scaled(40, 2000) },
    )
  })
})

describe('the wire', () => {
  it('has ranges, counts, locations and schemas in the path', async () => {
    const part = await call('/projects?select=id&order=id', {
      headers: { range: '1-2', prefer: 'count=exact' },
    })
    expect([part.status, part.headers.get('content-range'), part.body]).toEqual([
      206,
      '1-2/4',
      [{ id: 2 }, { id: 3 }],
    ])
    const beyond = await call('/projects?offset=50', { headers: { prefer: 'count=exact' } })
    expect([beyond.status, beyond.headers.get('content-range'), beyond.body]).toEqual([
      416,
      '*/4',
      expect.objectContaining({ code: 'PGRST103' }),
    ])
    const made = await call('/users', {
      method: 'POST',
      body: '{"id":300,"name":"l"}',
      headers: { prefer: 'return=headers-only' },
    })
    expect([made.status, made.headers.get('location')]).toEqual([201, '/users?id=eq.300'])
    const put = await call('/users?id=eq.300', { method: 'PUT', body: '{"id":300,"name":"put"}' })
    expect(put.status).toBe(204)
    expect(
      (await call('/users?id=eq.300', { method: 'PUT', body: '{"id":301,"name":"put"}' })).body,
    ).toMatchObject({ code: 'PGRST115' })
    const csv = await call('/users', {
      method: 'POST',
      body: 'id,name\n302,"a ""b"", c"\n303,NULL\n',
      headers: { 'content-type': 'text/csv', prefer: 'return=representation' },
    })
    expect(csv.body).toEqual([
      { id: 302, name: 'a "b", c' },
      { id: 303, name: null },
    ])
    expect((await call('/users?id=gte.300', { method: 'DELETE' })).status).toBe(204)
    expect((await call('/other/things?select=id')).body).toEqual([{ id: 1 }])
    expect((await call('/public/rpc/add_them?a=4')).body).toBe(9)
    expect(await call('/clients', { method: 'POST', body: '{"id":' })).toMatchObject({
      status: 400,
      body: { code: 'PGRST102' },
    })
    expect(await call('/users', { method: 'POST', body: '[{"id":1},{"name":"x"}]' })).toMatchObject({
      status: 400,
      body: { code: 'PGRST102' },
    })
    expect(await call('/clients', { headers: { prefer: 'handling=strict, what=ever' } })).toMatchObject({
      status: 400,
      body: { code: 'PGRST122' },
    })
  })

  it('describes itself, answers other origins, and limits rows', async () => {
    const root = await call('/')
    expect(root.body).toMatchObject({
      swagger: '2.0',
      paths: { '/clients': {}, '/rpc/add_them': {} },
      definitions: { clients: { required: ['id', 'name'] } },
    })
    const preflight = await fetch(`${world.url}/clients`, {
      method: 'OPTIONS',
      headers: { origin: 'http://shop.example', 'access-control-request-method': 'POST' },
    })
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([200, '*'])
    const page = await call('/users', {
      method: 'POST',
      body: '[]',
      headers: { origin: 'http://shop.example' },
    })
    expect(page.status).toBe(201)
    await world.setDataApi(
      'PATCH',
      '?update_mask=spec.db_max_rows,spec.db_aggregates_enabled,spec.openapi_mode',
      { spec: { db_max_rows: 2, db_aggregates_enabled: false, openapi_mode: 'OPEN_API_MODE_DISABLED' } },
    )
    expect((await call('/projects?select=id')).body).toHaveLength(2)
    expect((await call('/projects?select=count()')).body).toMatchObject({ code: 'PGRST123' })
    expect(await call('/')).toMatchObject({ status: 404, body: { code: 'PGRST126' } })
    await world.setDataApi(
      'PATCH',
      '?update_mask=spec.db_max_rows,spec.db_aggregates_enabled,spec.openapi_mode',
      {
        spec: {
          db_max_rows: 0,
          db_aggregates_enabled: true,
          openapi_mode: 'OPEN_API_MODE_IGNORE_PRIVILEGES',
        },
      },
    )
  })

  it('sees new tables and columns, by itself and by NOTIFY pgrst', async () => {
    expect((await call('/fresh')).status).toBe(404)
    await world.sql(`CREATE TABLE fresh (id int PRIMARY KEY); GRANT ALL ON fresh TO "${world.ann.name}"`)
    expect(await call('/fresh')).toMatchObject({ status: 200, body: [] })
    await world.sql(`ALTER TABLE fresh ADD COLUMN t text DEFAULT 'd'; NOTIFY pgrst, 'reload schema'`)
    await expect
      .poll(
        async () =>
          (
            await call('/fresh', {
              method: 'POST',
              body: '{"id":1,"t":"x"}',
              headers: { prefer: 'return=representation,resolution=merge-duplicates' },
            })
          ).body,
      )
      .toEqual([{ id: 1, t: 'x' }])
  })
})

describe('sleep', () => {
  it('wakes the compute, and keeps nothing open afterwards', async () => {
    await world.workspace.cli([
      'postgres',
      'update-endpoint',
      world.endpoint.name,
      'spec.disabled',
      '--json',
      '{"spec":{"disabled":true}}',
    ])
    await world.workspace.cli([
      'postgres',
      'update-endpoint',
      world.endpoint.name,
      'spec.disabled',
      '--json',
      '{"spec":{"disabled":false}}',
    ])
    expect(await call('/clients?select=id&limit=1')).toMatchObject({ status: 200, body: [{ id: 1 }] })
    const sessions = async () => {
      const reply = await fetch(`${world.workspace.host}/api/2.0/lakelet/${world.endpoint.name}/sessions`, {
        headers: { authorization: `Bearer ${world.workspace.token}` },
      })
      return JSON.stringify(await reply.json())
    }
    expect(await sessions()).toContain('lakelet-data-api')
    await expect.poll(sessions, { timeout: 60_000, interval: 500 }).not.toContain('lakelet-data-api')
  })
})
