import { bigint, pgSchema, text, timestamp } from 'drizzle-orm/pg-core'

/** An app may create schemas in its database, and nothing in `public`. */
export const app = pgSchema('app')

export const notes = app.table('notes', {
  id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  content: text().notNull(),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
})
