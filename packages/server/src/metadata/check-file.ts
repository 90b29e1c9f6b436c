// Looking at a metadata file without changing it: is it there, whole, and ours.
import { statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

export type MetadataFileState =
  | { readonly kind: 'missing' }
  | { readonly kind: 'empty' }
  /** An SQLite file that Lakelet did not make. */
  | { readonly kind: 'foreign' }
  | { readonly kind: 'damaged'; readonly reason: string }
  | { readonly kind: 'good'; readonly workspaceId: string | undefined }

/** Above this size only the structure is checked, not that indexes and tables agree: 100 MB take about a second. */
const WHOLE_CHECK_BYTES = 100 * 1024 * 1024

/** What the file is; reading it is all that happens. */
export function checkMetadataFile(file: string): MetadataFileState {
  const stat = statSync(file, { throwIfNoEntry: false })
  if (!stat) return { kind: 'missing' }
  if (!stat.isFile()) return { kind: 'damaged', reason: 'it is not a file' }
  if (stat.size === 0) return { kind: 'empty' }
  try {
    using sqlite = new DatabaseSync(file, { readOnly: true })
    return lookInto(sqlite, stat.size)
  } catch (error) {
    return { kind: 'damaged', reason: error instanceof Error ? error.message : String(error) }
  }
}

function lookInto(sqlite: DatabaseSync, size: number): MetadataFileState {
  const check = size > WHOLE_CHECK_BYTES ? 'quick_check' : 'integrity_check'
  const said = sqlite
    .prepare(`PRAGMA ${check}(3)`)
    .all()
    .map((row) => String(row[check]).trim())
  if (said[0] !== 'ok') return { kind: 'damaged', reason: said.join('; ').replaceAll(/\s+/g, ' ') }
  const tables = sqlite
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
    .all()
    .map((row) => String(row['name']))
  if (tables.length === 0) return { kind: 'empty' }
  if (!tables.includes('migrations')) return { kind: 'foreign' }
  if (!tables.includes('settings')) return { kind: 'empty' }
  const row = sqlite.prepare("SELECT value FROM settings WHERE name = 'workspace_id'").get()
  return { kind: 'good', workspaceId: row && String(row['value']) }
}
