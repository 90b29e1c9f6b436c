// @supabase/postgrest-js and @neondatabase/postgrest-js, unmodified, against the Data API; plain SQL over pg says what is right.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { NeonPostgrestClient } from '@neondatabase/postgrest-js'
import { PostgrestClient } from '@supabase/postgrest-js'
import { Client } from 'pg'
import { check, runAll } from './checks.mjs'

const { URL: url, TOKEN: token, ROLE: role } = process.env
const headers = { Authorization: `Bearer ${token}` }
const api = new PostgrestClient(url, { headers })
const db = new Client({
  host: process.env.PGHOST,
  port: Number(process.env.PGPORT),
  user: role,
  password: token,
  database: 'databricks_postgres',
  options: `endpoint=${process.env.ENDPOINT_ID}`,
  ssl: { ca: readFileSync(process.env.CA_FILE, 'utf8'), checkServerIdentity: () => undefined },
})
await db.connect()

async function good(request) {
  const reply = await request
  assert.equal(reply.error, null, JSON.stringify(reply.error))
  return reply
}

/** What SQL says, as JSON that Postgres makes. */
async function sql(text, values = []) {
  const { rows } = await db.query(`SELECT coalesce(json_agg(t), '[]') AS rows FROM (${text}) t`, values)
  return rows[0].rows
}

/** The ids that a filter of the client leaves, and those that a condition of SQL leaves. */
async function same(filter, condition, table = 'projects') {
  const { data } = await good(filter(api.from(table).select('id')).order('id'))
  assert.deepEqual(data, await sql(`SELECT id FROM ${table} WHERE ${condition} ORDER BY id`), condition)
}

check('eq, neq, gt, gte, lt, lte', async () => {
  await same((q) => q.eq('name', 'Delta, "x"'), `name = 'Delta, "x"'`)
  await same((q) => q.neq('id', 2), 'id <> 2')
  await same((q) => q.gt('price', 10.5), 'price > 10.5')
  await same((q) => q.gte('price', '10.5'), 'price >= 10.5')
  await same((q) => q.lt('id', 3), 'id < 3')
  await same((q) => q.lte('made', '2026-01-01T00:00:00+00:00'), `made <= '2026-01-01Z'`)
})

check('like and ilike, their all and any, regexMatch, regexIMatch', async () => {
  await same((q) => q.like('name', '%a'), `name LIKE '%a'`)
  await same((q) => q.like('note', '%100\\%%'), String.raw`note LIKE '%100\%%'`)
  await same((q) => q.ilike('name', 'a*'), `name ILIKE 'a%'`)
  await same((q) => q.likeAllOf('name', ['%a%', '%l%']), `name LIKE ALL ('{%a%,%l%}')`)
  await same((q) => q.likeAnyOf('name', ['A%', 'B%']), `name LIKE ANY ('{A%,B%}')`)
  await same((q) => q.ilikeAllOf('name', ['a%', '%A']), `name ILIKE ALL ('{a%,%A}')`)
  await same((q) => q.ilikeAnyOf('name', ['a%', 'g%']), `name ILIKE ANY ('{a%,g%}')`)
  await same((q) => q.regexMatch('name', '^[AB]'), `name ~ '^[AB]'`)
  await same((q) => q.regexIMatch('name', 'MMA$'), `name ~* 'MMA$'`)
})

check('is, isDistinct, in, notIn', async () => {
  await same((q) => q.is('client_id', null), 'client_id IS NULL')
  await same((q) => q.is('done', true), 'done IS TRUE')
  await same((q) => q.not('done', 'is', null), 'done IS NOT NULL')
  await same((q) => q.isDistinct('client_id', 1), 'client_id IS DISTINCT FROM 1')
  await same((q) => q.in('id', [1, 3, 9]), 'id IN (1, 3, 9)')
  await same((q) => q.in('id', []), 'false')
  await same((q) => q.in('name', ['Bob & Sons', 'Acme']), `name IN ('Bob & Sons', 'Acme')`, 'clients')
  // The client does not escape quotes in a list.
  await same(
    (q) => q.filter('name', 'in', String.raw`("Alpha","Delta, \"x\"")`),
    `name IN ('Alpha', 'Delta, "x"')`,
  )
  await same((q) => q.notIn('id', [1, 2]), 'id NOT IN (1, 2)')
})

check('contains, containedBy, overlaps', async () => {
  await same((q) => q.contains('tags', ['a']), `tags @> '{a}'`)
  await same((q) => q.containedBy('tags', ['a', 'b', 'c']), `tags <@ '{a,b,c}'`)
  await same((q) => q.overlaps('tags', ['c', 'z']), `tags && '{c,z}'`)
  await same((q) => q.contains('data', { c: 'x' }), `data @> '{"c": "x"}'`, 'clients')
  await same((q) => q.contains('during', '[6,7)'), `during @> '[6,7)'`)
})

check('rangeGt, rangeGte, rangeLt, rangeLte, rangeAdjacent', async () => {
  await same((q) => q.rangeGt('during', '[1,9)'), `during >> '[1,9)'`)
  await same((q) => q.rangeGte('during', '[5,9)'), `during &> '[5,9)'`)
  await same((q) => q.rangeLt('during', '[12,19)'), `during << '[12,19)'`)
  await same((q) => q.rangeLte('during', '[5,15)'), `during &< '[5,15)'`)
  await same((q) => q.rangeAdjacent('during', '[20,30)'), `during -|- '[20,30)'`)
})

check('textSearch in its four kinds, with a language', async () => {
  await same((q) => q.textSearch('note', 'fox & brown'), `to_tsvector(note) @@ to_tsquery('fox & brown')`)
  await same(
    (q) => q.textSearch('note', 'lazy dog', { type: 'plain', config: 'english' }),
    `to_tsvector('english', note) @@ plainto_tsquery('english', 'lazy dog')`,
  )
  await same(
    (q) => q.textSearch('note', 'brown fox', { type: 'phrase' }),
    `to_tsvector(note) @@ phraseto_tsquery('brown fox')`,
  )
  await same(
    (q) => q.textSearch('note', 'fox or dogs', { type: 'websearch', config: 'english' }),
    `to_tsvector('english', note) @@ websearch_to_tsquery('english', 'fox or dogs')`,
  )
})

check('match, not, or, filter, and nested trees', async () => {
  await same((q) => q.match({ client_id: 1, done: true }), 'client_id = 1 AND done')
  await same((q) => q.not('name', 'like', 'A%'), `name NOT LIKE 'A%'`)
  await same((q) => q.not('id', 'in', '(1,2)'), 'id NOT IN (1, 2)')
  await same((q) => q.or('id.eq.1,name.eq."Delta, \\"x\\""'), `id = 1 OR name = 'Delta, "x"'`)
  await same(
    (q) => q.or('id.gt.3,and(client_id.eq.1,not.or(done.is.true,price.lt.5))'),
    'id > 3 OR (client_id = 1 AND NOT (done IS TRUE OR price < 5))',
  )
  await same((q) => q.or('tags.cs.{a,b},id.in.(3,4)'), `tags @> '{a,b}' OR id IN (3, 4)`)
  await same((q) => q.filter('id', 'eq(any)', '{1,4}'), `id = ANY ('{1,4}')`)
  await same((q) => q.filter('data->a->b->>0', 'eq', '1'), `data -> 'a' -> 'b' ->> 0 = '1'`, 'clients')
})

check('select: casts, new names, JSON paths, computed fields', async () => {
  const { data } = await good(
    api.from('projects').select('key:id::text,name,full_name,amount:price').order('id'),
  )
  assert.deepEqual(
    data,
    await sql(`SELECT id::text AS key, name, full_name(p), price AS amount FROM projects p ORDER BY id`),
  )
  const paths = await good(
    api.from('clients').select('id,data->a->b,first:data->a->b->0,c:data->>c').order('id'),
  )
  assert.deepEqual(
    paths.data,
    await sql(
      `SELECT id, data->'a'->'b' AS b, data->'a'->'b'->0 AS first, data->>'c' AS c FROM clients ORDER BY id`,
    ),
  )
})

check('order, limit, range, counts', async () => {
  const { data, count } = await good(
    api
      .from('projects')
      .select('id', { count: 'exact' })
      .order('client_id', { ascending: false, nullsFirst: false })
      .order('id')
      .range(1, 2),
  )
  assert.deepEqual(
    data,
    await sql('SELECT id FROM projects ORDER BY client_id DESC NULLS LAST, id OFFSET 1 LIMIT 2'),
  )
  assert.equal(count, 4)
  for (const kind of ['planned', 'estimated'])
    assert.ok((await good(api.from('projects').select('id', { count: kind }))).count >= 0)
  const head = await good(api.from('projects').select('*', { count: 'exact', head: true }).eq('client_id', 1))
  assert.deepEqual([head.count, head.data], [2, null])
})

check('single, maybeSingle, csv, no rows and many rows', async () => {
  assert.deepEqual((await good(api.from('clients').select('id').eq('id', 1).single())).data, { id: 1 })
  assert.equal((await good(api.from('clients').select('id').eq('id', 99).maybeSingle())).data, null)
  const none = await api.from('clients').select('id').eq('id', 99).single()
  assert.deepEqual(
    [none.status, none.error.code, none.error.details],
    [406, 'PGRST116', 'The result contains 0 rows'],
  )
  const { data } = await good(api.from('clients').select('id,name').order('id').csv())
  assert.equal(data, 'id,name\n1,Acme\n2,"Bob & Sons"\n3,"Çelik, ""Ltd"""')
  const stripped = await good(api.from('clients').select('id,data').eq('id', 2).stripNulls())
  assert.deepEqual(stripped.data, [{ id: 2 }])
})

check('embedding: to one, to many, many to many, hints, renamed, spread, inner', async () => {
  const read = async (table, select, order = 'id') =>
    (await good(api.from(table).select(select).order(order))).data
  assert.deepEqual(
    await read('projects', 'id,clients(name)'),
    await sql(
      `SELECT id, (SELECT row_to_json(c) FROM (SELECT name FROM clients c WHERE c.id = client_id) c) AS clients FROM projects ORDER BY id`,
    ),
  )
  assert.deepEqual(
    await read('clients', 'id,projects(id,members(role))'),
    await sql(
      `SELECT id, coalesce((SELECT json_agg(x) FROM (SELECT id, coalesce((SELECT json_agg(m) FROM (SELECT role FROM members WHERE project_id = p.id) m), '[]') AS members FROM projects p WHERE client_id = c.id) x), '[]') AS projects FROM clients c ORDER BY id`,
    ),
  )
  assert.deepEqual(
    await read('users', 'name,projects(name)'),
    await sql(
      `SELECT name, coalesce((SELECT json_agg(x) FROM (SELECT p.name FROM projects p JOIN members m ON m.project_id = p.id WHERE m.user_id = u.id) x), '[]') AS projects FROM users u ORDER BY id`,
    ),
  )
  assert.deepEqual(await read('orders', 'id,bill:addresses!billing(city),ship:shipping_id(city)'), [
    { id: 1, bill: { city: 'Ankara' }, ship: { city: 'Bonn' } },
    { id: 2, bill: { city: 'Bonn' }, ship: null },
  ])
  assert.deepEqual(
    await read('projects', 'id,...clients(client:name)'),
    await sql(
      `SELECT p.id, c.name AS client FROM projects p LEFT JOIN clients c ON c.id = client_id ORDER BY p.id`,
    ),
  )
  assert.deepEqual(await read('clients', 'id,...projects(names:name)'), [
    { id: 1, names: ['Alpha', 'Beta'] },
    { id: 2, names: ['Gamma'] },
    { id: 3, names: [] },
  ])
  assert.deepEqual(await read('clients', 'id,projects!inner()'), [{ id: 1 }, { id: 2 }])
  assert.deepEqual(await read('projects', 'id,manager_id(name)'), [
    { id: 1, manager_id: null },
    { id: 2, manager_id: { name: 'Alpha' } },
    { id: 3, manager_id: { name: 'Alpha' } },
    { id: 4, manager_id: { name: 'Beta' } },
  ])
  assert.deepEqual((await read('projects', 'id,staff:projects!manager_id(id)'))[0], {
    id: 1,
    staff: [{ id: 2 }, { id: 3 }],
  })
  assert.deepEqual((await read('projects', 'id,boss(name)'))[3], { id: 4, boss: { name: 'Beta' } })
  assert.deepEqual((await read('project_names', 'title,clients(name)', 'project'))[0], {
    title: 'Alpha',
    clients: { name: 'Acme' },
  })
})

check('embedding: filters, orders and limits, and what they do to the parent', async () => {
  const inner = await good(
    api
      .from('clients')
      .select('id,projects(id)')
      .eq('projects.done', true)
      .order('id', { referencedTable: 'projects', ascending: false })
      .limit(1, { referencedTable: 'projects' })
      .order('id'),
  )
  assert.deepEqual(inner.data, [
    { id: 1, projects: [{ id: 1 }] },
    { id: 2, projects: [] },
    { id: 3, projects: [] },
  ])
  const only = await good(
    api.from('clients').select('id,projects!inner(id)', { count: 'exact' }).eq('projects.name', 'Beta'),
  )
  assert.deepEqual([only.data, only.count], [[{ id: 1, projects: [{ id: 2 }] }], 1])
  const without = await good(api.from('clients').select('id,projects()').is('projects', null))
  assert.deepEqual(without.data, [{ id: 3 }])
  const either = await good(
    api
      .from('projects')
      .select('id,clients(name),members(role)')
      .or('clients.not.is.null,members.is.null')
      .order('id'),
  )
  assert.deepEqual(
    either.data.map(({ id }) => id),
    [1, 2, 3, 4],
  )
  const byClient = await good(
    api
      .from('projects')
      .select('id,clients(id)')
      .order('clients(name)', { ascending: false, nullsFirst: false })
      .order('id'),
  )
  assert.deepEqual(byClient.data, [
    { id: 3, clients: { id: 2 } },
    { id: 1, clients: { id: 1 } },
    { id: 2, clients: { id: 1 } },
    { id: 4, clients: null },
  ])
  const tree = await good(
    api
      .from('clients')
      .select('id,projects(id)')
      .or('done.is.true,id.eq.2', { referencedTable: 'projects' })
      .eq('id', 1),
  )
  assert.deepEqual(tree.data, [{ id: 1, projects: [{ id: 1 }, { id: 2 }] }])
})

check('aggregates, grouped and embedded', async () => {
  const { data } = await good(
    api.from('projects').select('client_id,count(),price.sum(),most:id.max()::text').order('client_id'),
  )
  assert.deepEqual(
    data,
    await sql(
      `SELECT client_id, count(*), sum(price), max(id)::text AS most FROM projects GROUP BY client_id ORDER BY client_id`,
    ),
  )
  const inner = await good(api.from('clients').select('id,projects(count())').order('id'))
  assert.deepEqual(
    inner.data.map((each) => each.projects),
    [[{ count: 2 }], [{ count: 1 }], [{ count: 0 }]],
  )
})

check('insert: one, many, defaults, columns, representation', async () => {
  assert.equal((await good(api.from('users').insert({ id: 10, name: 'x' }))).status, 201)
  const many = await good(
    api
      .from('projects')
      .insert([{ name: 'n1' }, { name: 'n2', tags: ['t'] }], { defaultToNull: false })
      .select('name,tags,clients(name)')
      .order('name'),
  )
  assert.deepEqual(many.data, [
    { name: 'n1', tags: ['new'], clients: null },
    { name: 'n2', tags: ['t'], clients: null },
  ])
  const nulls = await good(
    api
      .from('projects')
      .insert([{ name: 'n3' }, { name: 'n4', tags: ['t'] }])
      .select('tags')
      .order('name'),
  )
  assert.deepEqual(nulls.data, [{ tags: null }, { tags: ['t'] }])
  const big = await good(api.from('projects').insert({ name: 'n5', price: 1 }).select('price::text').single())
  assert.deepEqual(big.data, { price: '1' })
  const twice = await api.from('users').insert({ id: 10, name: 'y' })
  assert.deepEqual([twice.status, twice.error.code], [409, '23505'])
  assert.deepEqual((await good(api.from('users').insert([]).select())).data, [])
})

check('upsert: merge, ignore, another key', async () => {
  const merged = await good(
    api
      .from('users')
      .upsert([
        { id: 10, name: 'merged' },
        { id: 11, name: 'new' },
      ])
      .select()
      .order('id'),
  )
  assert.deepEqual(
    [merged.status, merged.data],
    [
      201,
      [
        { id: 10, name: 'merged' },
        { id: 11, name: 'new' },
      ],
    ],
  )
  assert.equal((await good(api.from('users').upsert({ id: 10, name: 'again' }).select())).status, 200)
  const ignored = await good(
    api
      .from('users')
      .upsert(
        [
          { id: 10, name: 'no' },
          { id: 12, name: 'yes' },
        ],
        { ignoreDuplicates: true },
      )
      .select(),
  )
  assert.deepEqual(ignored.data, [{ id: 12, name: 'yes' }])
  const byName = await good(
    api.from('users').upsert({ id: 13, name: 'yes' }, { onConflict: 'name' }).select(),
  )
  assert.deepEqual(byName.data, [{ id: 13, name: 'yes' }])
})

check('update and delete: filters, representation, counts, maxAffected', async () => {
  const changed = await good(
    api.from('users').update({ name: 'changed' }, { count: 'exact' }).eq('id', 11).select('name'),
  )
  assert.deepEqual([changed.data, changed.count], [[{ name: 'changed' }], 1])
  assert.equal((await good(api.from('users').update({ name: 'z' }).eq('id', 999))).status, 204)
  const tooMany = await api.from('users').delete().gte('id', 10).maxAffected(1)
  assert.deepEqual([tooMany.status, tooMany.error.code], [400, 'PGRST124'])
  const gone = await good(api.from('users').delete({ count: 'exact' }).gte('id', 10).select('id').order('id'))
  assert.deepEqual([gone.data, gone.count], [[{ id: 10 }, { id: 11 }, { id: 13 }], 3])
  await good(api.from('projects').delete().gt('id', 4))
})

check('rollback takes nothing, and says so', async () => {
  const reply = await good(api.from('users').insert({ id: 50, name: 'gone' }).rollback().select())
  assert.deepEqual(reply.data, [{ id: 50, name: 'gone' }])
  assert.deepEqual(await sql('SELECT id FROM users WHERE id = 50'), [])
})

check('rpc: body, query, defaults, variadic, sets, tables, void, filters', async () => {
  assert.equal((await good(api.rpc('add_them', { a: 1 }))).data, 6)
  assert.equal((await good(api.rpc('add_them', { a: 1, b: 2 }, { get: true }))).data, 3)
  assert.equal((await good(api.rpc('sum_all', { n: [1, 2, 3] }))).data, 6)
  const set = await good(
    api
      .rpc('projects_from', { lowest: 2 }, { count: 'exact' })
      .select('id,clients(name)')
      .lt('id', 4)
      .order('id', { ascending: false })
      .limit(1),
  )
  assert.deepEqual([set.data, set.count], [[{ id: 3, clients: { name: 'Bob & Sons' } }], 2])
  assert.deepEqual((await good(api.rpc('pairs').eq('x', 2))).data, [{ x: 2, y: 'b' }])
  assert.equal((await good(api.rpc('nothing'))).status, 204)
  assert.deepEqual((await good(api.rpc('echo', { any: ['thing'] }))).data, { any: ['thing'] })
  assert.deepEqual((await good(api.rpc('numbers'))).data, [3, 1, 2])
  assert.deepEqual((await good(api.rpc('put_user', { id: 60, name: 'made' }))).data, {
    id: 60,
    name: 'made',
  })
  const reading = await api.rpc('put_user', { id: 61, name: 'no' }, { get: true })
  assert.deepEqual([reading.status, reading.error.code], [405, '25006'])
  await good(api.from('users').delete().eq('id', 60))
})

check('who I am, and what a function may say of the answer', async () => {
  const { data } = await good(api.rpc('whoami', {}, { get: true }))
  assert.deepEqual([data.role, data.sub, data.method], [role, role, 'GET'])
  const tea = await fetch(`${url}/rpc/teapot`, { method: 'POST', headers })
  assert.deepEqual([tea.status, tea.headers.get('x-tea'), await tea.json()], [418, 'green', 'short'])
  const refused = await api.rpc('refuse')
  assert.deepEqual(
    [refused.status, refused.error],
    [402, { code: 'PT402', message: 'pay first', details: 'd', hint: 'h' }],
  )
})

check('another schema by profile', async () => {
  assert.deepEqual((await good(api.schema('other').from('things').select())).data, [{ id: 1, name: 'thing' }])
  await good(api.schema('other').from('things').insert({ id: 2, name: 'two' }))
  const wrong = await api.schema('pg_catalog').from('pg_class').select()
  assert.deepEqual([wrong.status, wrong.error.code], [406, 'PGRST106'])
})

check('errors have the codes of PostgREST', async () => {
  const code = async (request) => {
    const { status, error } = await request
    return [status, error?.code]
  }
  assert.deepEqual(await code(api.from('nowhere').select()), [404, 'PGRST205'])
  assert.deepEqual(await code(api.from('clients').select('nothing')), [400, '42703'])
  assert.deepEqual(await code(api.from('clients').select('id,users(id)')), [400, 'PGRST200'])
  assert.deepEqual(await code(api.from('orders').select('id,addresses(id)')), [300, 'PGRST201'])
  assert.deepEqual(await code(api.rpc('missing')), [404, 'PGRST202'])
  assert.deepEqual(await code(api.from('users').insert({ id: 70, nope: 1 })), [400, 'PGRST204'])
  assert.deepEqual(await code(api.from('clients').select('id').filter('id', 'near', '1')), [400, 'PGRST100'])
  assert.deepEqual(await code(api.from('clients').select('id').eq('projects.id', 1)), [400, 'PGRST108'])
  assert.deepEqual(await code(api.from('clients').select('id').eq('id', 'x')), [400, '22P02'])
  assert.deepEqual(await code(api.from('members').insert({ project_id: 999, user_id: 1 })), [409, '23503'])
  assert.deepEqual(await code(api.from('clients').select('id').explain()), [406, 'PGRST107'])
})

check('neon: the same client with its own token', async () => {
  const neon = new NeonPostgrestClient({ dataApiUrl: url, options: { global: { fetch, headers } } })
  const { data } = await good(neon.from('clients').select('id,projects(id)').eq('id', 1))
  assert.deepEqual(data, [{ id: 1, projects: [{ id: 1 }, { id: 2 }] }])
  await good(neon.from('users').insert({ id: 80, name: 'neon' }))
  assert.deepEqual((await good(neon.from('users').delete().eq('id', 80).select())).data, [
    { id: 80, name: 'neon' },
  ])
})

await runAll()
await db.end()
