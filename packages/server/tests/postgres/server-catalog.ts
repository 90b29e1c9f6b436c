// What a server says of its settings, in the form of `settings-catalog/<major>.json`.
import type { AdminConnection } from '../../src/postgres/index.ts'
import type { SettingDescription } from '../../src/postgres/settings-catalog/index.ts'

interface Row {
  name: string
  category: string
  type: SettingDescription['type']
  unit: string | null
  min: string | null
  max: string | null
  values: string[] | null
  context: SettingDescription['context']
}

/** Settings by name in lower case. */
export async function serverCatalog(admin: AdminConnection): Promise<Record<string, SettingDescription>> {
  const rows = await admin.query<Row>(
    `SELECT name, category, vartype AS type, unit, min_val AS min, max_val AS max, enumvals AS values, context
       FROM pg_settings WHERE context <> 'internal'`,
  )
  return Object.fromEntries(rows.map((row) => [row.name.toLowerCase(), described(row)]))
}

function described(row: Row): SettingDescription {
  return {
    type: row.type,
    context: row.context,
    category: row.category,
    ...(row.unit === null ? {} : { unit: row.unit }),
    ...(row.min === null ? {} : { min: Number(row.min) }),
    ...(row.max === null ? {} : { max: Number(row.max) }),
    ...(row.values === null ? {} : { values: row.values }),
  }
}
