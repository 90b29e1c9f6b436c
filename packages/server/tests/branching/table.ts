// The table of numbers that branches are told apart by.
import type { AdminConnection } from '../../src/postgres/index.ts'

export const DATABASE = { database: 'databricks_postgres' }

export async function readTable(admin: AdminConnection): Promise<readonly number[]> {
  const [table] = await admin.query<{ t: string | null }>("SELECT to_regclass('public.t')::text AS t")
  if (table?.t === null) return []
  return (await admin.query<{ n: number }>('SELECT n FROM public.t ORDER BY n')).map(({ n }) => n)
}
