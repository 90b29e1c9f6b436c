// Shows the latest notes of a Lakebase database. createPool() needs no argument: it finds the database and the identity in the
// environment, and logs every new connection in with a credential that is still good.
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { html } from 'hono/html'
import { createPool } from 'lakelet-connect/pg'

interface Note {
  readonly content: string
  readonly created: string
}

const RECENT_NOTES = `
  SELECT content, created_at::text AS created FROM notes ORDER BY created_at DESC, id DESC LIMIT 5
`

const pool = createPool()
// A connection that breaks while it lies in the pool; the pool replaces it.
pool.on('error', (error: Error) => console.warn(`idle connection lost: ${error.message}`))

const app = new Hono()

app.get('/', async (context) => {
  try {
    const { rows } = await pool.query<Note>(RECENT_NOTES)
    const items = rows.map((note) => html`<li>${note.content} - ${note.created}</li>`)
    return context.html(
      page(
        html`<ul>
          ${items}
        </ul>`,
      ),
    )
  } catch (error) {
    const failure = error instanceof Error ? error : new Error(String(error))
    console.warn(`could not read notes: ${failure.message}`)
    const { problem, status } = explain(failure)
    return context.html(
      page(
        html`<p role="alert">${problem}</p>
          <pre>${failure.message}</pre>`,
      ),
      status,
    )
  }
})

/** Everything put into `html` templates is escaped. */
function page(content: ReturnType<typeof html>) {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <title>Notes</title>
      </head>
      <body>
        <h1>Hello from Lakebase!</h1>
        <h2>Recent Notes:</h2>
        ${content}
      </body>
    </html>`
}

/** What went wrong in plain words, and the HTTP status that fits. */
function explain(error: Error & { code?: string }): { problem: string; status: 500 | 503 } {
  switch (error.code) {
    case '42501':
      return {
        problem: "The database refused: this app's role lacks a GRANT on the table notes.",
        status: 500,
      }
    case '42P01':
      return { problem: 'The table notes does not exist yet. Create it, and reload this page.', status: 500 }
    default:
      return {
        problem: 'The database cannot be reached right now. Reload this page in a moment.',
        status: 503,
      }
  }
}

const port = Number(process.env['DATABRICKS_APP_PORT'] ?? 8000)
const server = serve({ fetch: app.fetch, port, hostname: process.env['HOST'] ?? '0.0.0.0' }, () => {
  console.log(`listening on port ${port}`)
})

process.on('SIGTERM', () => {
  server.close(() => {
    void pool.end().then(() => process.exit(0))
  })
})
