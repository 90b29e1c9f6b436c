import { revalidatePath } from 'next/cache'
import { pool } from '../lib/db'

// The notes are read for every visit, not when the app is built.
export const dynamic = 'force-dynamic'

async function addNote(form: FormData) {
  'use server'
  const content = form.get('content')
  if (typeof content !== 'string' || content === '') return
  await pool.query('INSERT INTO app.notes (content) VALUES ($1)', [content])
  revalidatePath('/')
}

export default async function Page() {
  const { rows } = await pool.query<{ id: string; content: string }>(
    'SELECT id, content FROM app.notes ORDER BY id',
  )
  return (
    <main>
      <h1>Notes</h1>
      <ul>
        {rows.map((note) => (
          <li key={note.id}>{note.content}</li>
        ))}
      </ul>
      <form action={addNote}>
        <input name="content" aria-label="Note" required />
        <button type="submit">Add</button>
      </form>
    </main>
  )
}
