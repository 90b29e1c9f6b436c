// The first rows of a branch: put in once, where there was nothing.
import { mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import type { CommandContext } from '../command/context.ts'
import { isMissing, writePrivateFile } from '../config/config-file.ts'
import type { Connecting } from '../postgres/connecting.ts'
import { loginTo } from '../postgres/connection.ts'
import { openSqlSession } from '../postgres/sql-session.ts'

/** Tables that are no part of Postgres or an extension. */
const HAS_TABLES = `SELECT EXISTS (
  SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_toast'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'))`

export interface Seeding {
  /** Says that the seed is in. */
  done(): Promise<void>
}

/**
 * Asks, before the migration, whether the database is to be seeded: it has no table, or an earlier call began and did not end. Undefined: no.
 * That it began is noted in `.databricks` of this folder, by the uid of the endpoint, until it is done.
 */
export async function seedingOf(
  context: CommandContext,
  connecting: Connecting,
): Promise<Seeding | undefined> {
  const file = path.join(context.terminal.cwd, '.databricks', 'lakelet-seed.json')
  const key = `${connecting.endpoint.uid}/${connecting.database}`
  const begun = await readBegun(file)
  if (!begun.includes(key)) {
    const [[row] = []] = await runSql(context, connecting, HAS_TABLES)
    if (row?.[0] !== 'f') return undefined
    await writeBegun(file, [...begun, key])
  }
  return {
    async done() {
      await writeBegun(
        file,
        (await readBegun(file)).filter((each) => each !== key),
      )
    },
  }
}

/** Runs SQL in the branch, all of it or nothing. */
export async function runSql(
  context: CommandContext,
  { endpoint, database }: Connecting,
  sql: string,
): Promise<readonly (readonly (readonly (string | null)[])[])[]> {
  await using session = await openSqlSession({
    login: await loginTo(context, endpoint),
    database,
    onNotice: () => {},
    signal: context.signal,
  })
  return await session.query(sql)
}

async function readBegun(file: string): Promise<readonly string[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (isMissing(error)) return '[]'
    throw error
  })
  try {
    const found: unknown = JSON.parse(text)
    return Array.isArray(found) ? found.filter((each) => typeof each === 'string') : []
  } catch {
    return []
  }
}

async function writeBegun(file: string, begun: readonly string[]): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true })
  await writePrivateFile(path.join(path.dirname(file), '.gitignore'), '*\n')
  await writePrivateFile(file, `${JSON.stringify(begun)}\n`)
}
