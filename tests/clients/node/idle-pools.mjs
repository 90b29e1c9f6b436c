// A pool of clients that is idle between rounds: pg's, or that of postgres.js. Each line on standard input begins a round, in which all clients of the
// pool work at once; what they saw is a line of JSON.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Pool } from 'pg'
import postgres from 'postgres'

const [kind] = process.argv.slice(2)
const size = Number(process.env.POOL_SIZE)
const ssl = { ca: readFileSync(process.env.CA_FILE, 'utf8') }
const login = {
  host: process.env.PGHOST,
  port: Number(process.env.PGPORT),
  database: process.env.PGDATABASE,
  ssl,
}
const errors = []
let named = 0

/** `run` sends a statement with its values and prepares it under a name. */
async function work(run) {
  await run('begin', [])
  const [seen] = await run(
    `select current_setting('app.who', true) as who, pg_backend_pid() as pid, $1::int + 1 as next`,
    [41],
  )
  await run('commit', [])
  assert.equal(seen.next, 42)
  const who = seen.who || `client ${(named += 1)}`
  if (!seen.who) await run(`select set_config('app.who', $1, false)`, [who])
  return { who, pid: seen.pid }
}

function poolOfPg() {
  const pool = new Pool({
    ...login,
    user: process.env.PGUSER,
    password: process.env.PGPASSWORD,
    max: size,
    idleTimeoutMillis: 0,
  })
  pool.on('error', (error) => errors.push(`idle: ${error}`))
  const names = new Map()
  const nameOf = (text) => names.get(text) ?? names.set(text, `s${names.size}`).get(text)
  return {
    async round() {
      const clients = await Promise.all(Array.from({ length: size }, () => pool.connect()))
      const run = (client) => async (text, values) =>
        (await client.query({ name: nameOf(text), text, values })).rows
      const answers = await Promise.allSettled(clients.map((client) => work(run(client))))
      for (const client of clients) client.release()
      return answers
    },
    end: () => pool.end(),
  }
}

function poolOfPostgresJs() {
  const sql = postgres({
    ...login,
    username: process.env.PGUSER,
    password: process.env.PGPASSWORD,
    max: size,
    max_lifetime: null,
    onclose: () => errors.push('a connection closed'),
  })
  let isEnding = false
  return {
    async round() {
      const clients = await Promise.all(Array.from({ length: size }, () => sql.reserve()))
      const run = (client) => (text, values) => client.unsafe(text, values, { prepare: true })
      const answers = await Promise.allSettled(clients.map((client) => work(run(client))))
      for (const client of clients) client.release()
      return answers
    },
    async end() {
      if (!isEnding) await sql.end()
      isEnding = true
    },
  }
}

const pool = kind === 'pg' ? poolOfPg() : poolOfPostgresJs()
for await (const line of createInterface({ input: process.stdin })) {
  if (line !== 'round') continue
  const answers = await pool.round()
  const seen = answers.flatMap(({ value }) => value ?? [])
  errors.push(...answers.flatMap(({ reason }) => (reason ? [String(reason)] : [])))
  const said = { who: seen.map(({ who }) => who), pids: seen.map(({ pid }) => pid), errors: errors.splice(0) }
  process.stdout.write(`${JSON.stringify(said)}\n`)
}
await pool.end()
