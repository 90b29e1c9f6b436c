// Facts of the workspace that are made once: its id, its owner.
import type { Queries } from './database.ts'

export async function findSetting(queries: Queries, name: string): Promise<string | undefined> {
  const row = await queries.selectFrom('settings').select('value').where('name', '=', name).executeTakeFirst()
  return row?.value
}

/** The stored value of `name`, made by `make` the first time. */
export async function settingOrCreate(queries: Queries, name: string, make: () => string): Promise<string> {
  const known = await findSetting(queries, name)
  if (known !== undefined) return known
  const value = make()
  await queries.insertInto('settings').values({ name, value }).execute()
  return value
}

export async function putSetting(queries: Queries, name: string, value: string): Promise<void> {
  await queries
    .insertInto('settings')
    .values({ name, value })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
    .execute()
}
