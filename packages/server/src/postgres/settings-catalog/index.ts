// What Postgres says of each of its settings, per major version: its own view pg_settings, written down from a real server and compared
// with one by the tests.
import { readFileSync } from 'node:fs'
import path from 'node:path'

export interface SettingDescription {
  readonly type: 'bool' | 'integer' | 'real' | 'string' | 'enum'
  /** When it takes effect: `postmaster` needs a restart, everything else is reloaded. */
  readonly context: 'postmaster' | 'sighup' | 'superuser-backend' | 'backend' | 'superuser' | 'user'
  readonly category: string
  /** What a number without a unit counts: `kB`, `8kB`, `MB`, `ms`, `s`, `min`. */
  readonly unit?: string
  readonly min?: number
  readonly max?: number
  readonly values?: readonly string[]
}

export type SettingsCatalog = ReadonlyMap<string, SettingDescription>

const catalogs = new Map<number, SettingsCatalog>()

/** Settings by name in lower case. Throws for a version that nothing is known of. */
export function settingsCatalog(major: number): SettingsCatalog {
  const known = catalogs.get(major)
  if (known) return known
  const text = readFileSync(path.join(import.meta.dirname, `${major}.json`), 'utf8')
  const catalog = new Map(Object.entries(JSON.parse(text) as Record<string, SettingDescription>))
  catalogs.set(major, catalog)
  return catalog
}
