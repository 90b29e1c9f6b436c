// The control files of a prefix: what can be created in its databases, and who may do it.
import { readFile, readdir } from 'node:fs/promises'
import path from 'node:path'
import { writeFileAtomic } from '../../base/files.ts'

export interface ExtensionControl {
  readonly name: string
  readonly defaultVersion: string
  readonly comment: string
  /** Extensions that must be there first. */
  readonly requires: readonly string[]
  /** Whether everybody who may create objects in a database may create it. */
  readonly isTrusted: boolean
  /** Name of the library as `LOAD` takes it, such as `$libdir/vector`; absent for pure SQL. */
  readonly library?: string
}

/**
 * Extensions of the Postgres distribution and pgvector that the real service offers to a project's users
 * (docs.databricks.com, oltp/projects/extensions).
 */
const OFFERED: ReadonlySet<string> = new Set([
  'autoinc',
  'bloom',
  'btree_gin',
  'btree_gist',
  'citext',
  'cube',
  'dict_int',
  'earthdistance',
  'fuzzystrmatch',
  'hstore',
  'insert_username',
  'intagg',
  'intarray',
  'isn',
  'lo',
  'ltree',
  'moddatetime',
  'pg_prewarm',
  'pg_stat_statements',
  'pg_trgm',
  'pgcrypto',
  'pgrowlocks',
  'pgstattuple',
  'refint',
  'seg',
  'tablefunc',
  'tcn',
  'tsm_system_rows',
  'tsm_system_time',
  'unaccent',
  'uuid-ossp',
  'vector',
  'xml2',
])

/** Where a prefix keeps control files and scripts. */
export function extensionDirectory(prefix: string): string {
  return path.join(prefix, 'share', 'postgresql', 'extension')
}

/** Every extension of the prefix, by name. */
export async function readControlFiles(prefix: string): Promise<ExtensionControl[]> {
  const directory = extensionDirectory(prefix)
  const names = (await readdir(directory)).filter((name) => name.endsWith('.control'))
  const read = async (file: string) =>
    parseControl(path.basename(file, '.control'), await readFile(path.join(directory, file), 'utf8'))
  return (await Promise.all(names.map(read))).sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Reads a control file (extension.c): `name = 'value'` lines with comments. */
export function parseControl(name: string, text: string): ExtensionControl {
  const values = new Map<string, string>()
  for (const line of text.split('\n')) {
    const [, key = '', quoted, bare] = /^\s*(\w+)\s*=?\s*(?:'((?:[^']|'')*)'|([^\s#]+))/.exec(line) ?? []
    if (key !== '') values.set(key.toLowerCase(), quoted?.replaceAll("''", "'") ?? bare ?? '')
  }
  const library = values.get('module_pathname')
  return {
    name,
    defaultVersion: values.get('default_version') ?? '',
    comment: values.get('comment') ?? '',
    requires: (values.get('requires') ?? '').split(/\s*,\s*/).filter((each) => each !== ''),
    isTrusted: /^(true|on|yes|1)$/i.test(values.get('trusted') ?? ''),
    ...(library === undefined ? {} : { library }),
  }
}

/** Lets a project's users create what the real service lets them create. */
export async function trustOffered(prefix: string): Promise<void> {
  const directory = extensionDirectory(prefix)
  for (const { name, isTrusted } of await readControlFiles(prefix)) {
    if (isTrusted || !OFFERED.has(name)) continue
    const file = path.join(directory, `${name}.control`)
    const text = (await readFile(file, 'utf8')).replace(/^\s*trusted\b.*\n?/gm, '')
    await writeFileAtomic(file, `${text.trimEnd()}\ntrusted = true\n`, { mode: 0o644 })
  }
}
