import express from 'express'
import { pool } from './db.js'

const app = express()
app.use(express.json())

app.get('/notes', async (_request, response) => {
  const { rows } = await pool.query('SELECT id, content FROM app.notes ORDER BY id')
  response.json(rows)
})

app.post('/notes', async (request, response) => {
  const { content } = request.body ?? {}
  if (typeof content !== 'string' || content === '') {
    response.status(400).json({ error: 'content must be a text that is not empty' })
    return
  }
  const { rows } = await pool.query('INSERT INTO app.notes (content) VALUES ($1) RETURNING id, content', [
    content,
  ])
  response.status(201).json(rows[0])
})

const port = Number(process.env.DATABRICKS_APP_PORT ?? 8000)
const server = app.listen(port, process.env.HOST ?? '0.0.0.0', () => console.log(`listening on port ${port}`))

process.once('SIGTERM', () => server.close(() => pool.end()))
