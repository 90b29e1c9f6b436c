// Runs what is new in migrations/, each file once and whole or not at all.
import { readFile, readdir } from 'node:fs/promises'
import { createPool } from 'lakelet-connect/pg'

const pool = createPool()
const folder = new URL('migrations/', import.meta.url)
const client = await pool.connect()
try {
  await client.query('BEGIN')
  // Two copies of the app that start together do not migrate together.
  await client.query('SELECT pg_advisory_xact_lock(726177)')
  // An app may create in its database, and not in the schema public of others.
  await client.query('CREATE SCHEMA IF NOT EXISTS app')
  await client.query('CREATE TABLE IF NOT EXISTS app.migrations (name text PRIMARY KEY)')
  const { rows } = await client.query('SELECT name FROM app.migrations')
  const done = new Set(rows.map((row) => row.name))
  for (const name of (await readdir(folder)).sort()) {
    if (done.has(name)) continue
    await client.query(await readFile(new URL(name, folder), 'utf8'))
    await client.query('INSERT INTO app.migrations VALUES ($1)', [name])
    console.log(`migrated ${name}`)
  }
  await client.query('COMMIT')
} finally {
  client.release()
  await pool.end()
}
