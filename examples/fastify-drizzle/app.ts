import { asc } from 'drizzle-orm'
import Fastify from 'fastify'
import { db, pool } from './db.ts'
import { notes } from './schema.ts'

const app = Fastify({ logger: true })

app.get('/notes', () =>
  db.select({ id: notes.id, content: notes.content }).from(notes).orderBy(asc(notes.id)),
)

app.post<{ Body: { content: string } }>(
  '/notes',
  {
    schema: {
      body: {
        type: 'object',
        required: ['content'],
        properties: { content: { type: 'string', minLength: 1 } },
      },
    },
  },
  async (request, reply) => {
    const { content } = request.body
    const [note] = await db
      .insert(notes)
      .values({ content })
      .returning({ id: notes.id, content: notes.content })
    return reply.status(201).send(note)
  },
)

app.addHook('onClose', () => pool.end())
process.once('SIGTERM', () => void app.close())

const port = Number(process.env['DATABRICKS_APP_PORT'] ?? 8000)
await app.listen({ port, host: process.env['HOST'] ?? '0.0.0.0' })
