// The template: an initialised cluster with the system's roles, made once and cloned for every new project.
import { createHash, randomBytes } from 'node:crypto'
import { chown, mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { syncDirectory, writeFileAtomic } from '../base/files.ts'
import { exists } from './account.ts'
import { ADMIN_ROLE } from './admin-role.ts'
import { hideUnloadable } from './extensions/index.ts'
import { ownerOf } from './host.ts'
import { type PostgresInstallation, removeUnfinished, runProgram } from './installation.ts'
import { stopLeftover } from './leftover.ts'
import { SINGLE_USER } from './recover.ts'
import { settingsFile } from './settings.ts'
import { writeBuildNote } from './system-build.ts'
import { CLOSED_HBA } from './socket-access.ts'

const INITDB_OPTIONS = [
  `--username=${ADMIN_ROLE}`,
  '--auth=trust',
  '--encoding=UTF8',
  '--data-checksums',
  '--no-instructions',
  // The first WAL file is not filled with 16 MB of zeros.
  '--set=wal_init_zero=off',
]

/**
 * The workspace reads from its own database which statements took the time. A build without the extension goes without; no empty line is in
 * it, which would end it.
 */
const OWN_SQL = `DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_stat_statements') THEN
    CREATE SCHEMA lakelet; CREATE EXTENSION pg_stat_statements SCHEMA lakelet;
  END IF;
END $$;

`

/** Raised when what else is done at the making of a template changes: which extensions can be loaded is found out then. */
const ROUND = 3

/**
 * The data directory of the template, made if it is missing. Its name carries a hash of what goes into it, so a new
 * version of the system's roles makes a new template. Safe to interrupt.
 */
export async function ensureTemplate(installation: PostgresInstallation): Promise<string> {
  const sql = await readFile(path.join(import.meta.dirname, 'template.sql'), 'utf8')
  const { home } = installation
  const options = [...INITDB_OPTIONS, ...installation.release.localeOptions]
  const hash = createHash('sha256')
    .update(JSON.stringify([options, CLOSED_HBA, installation.version, sql, ROUND]))
    .digest('hex')
  const prefix = `template-${installation.major}-`
  const template = path.join(home, `${prefix}${hash.slice(0, 12)}`)
  if (await exists(template)) return template
  await stopUnfinished(home, prefix)
  await removeUnfinished(home, prefix)
  const building = `${template}.${randomBytes(4).toString('hex')}.tmp`
  await initialise(installation, building, { sql, options })
  await rename(building, template)
  await syncDirectory(home)
  return template
}

/** A server killed while it filled a template leaves a Postgres running on the unfinished one. */
async function stopUnfinished(home: string, prefix: string): Promise<void> {
  const names = await readdir(home)
  const left = names.filter((name) => name.startsWith(prefix) && name.endsWith('.tmp'))
  for (const name of left) await stopLeftover(path.join(home, name))
}

/**
 * initdb, and the system's SQL in a single-user Postgres: no server to start, to wait for and to stop. Nothing is flushed on the way
 * but everything at the end, before the template gets its name.
 */
async function initialise(
  installation: PostgresInstallation,
  dataDirectory: string,
  { sql, options }: { readonly sql: string; readonly options: readonly string[] },
): Promise<void> {
  const owner = ownerOf(installation)
  await mkdir(dataDirectory, { mode: 0o700 })
  await chown(dataDirectory, owner.uid, owner.gid)
  const at = ['--pgdata', dataDirectory]
  await runProgram(installation, 'initdb', [...at, '--no-sync', ...options])
  const write = (name: string, text: string) =>
    writeFile(path.join(dataDirectory, name), text, { mode: 0o644 })
  await write('postgresql.conf', "include = 'lakelet.conf'\n")
  // Ours, not Postgres': its flush of the directory passes over files that it may not write.
  await writeFileAtomic(
    path.join(dataDirectory, 'lakelet.conf'),
    settingsFile({ maxCu: 1 }, installation.major),
    { mode: 0o644 },
  )
  await write('pg_hba.conf', CLOSED_HBA)
  await hideUnloadable(installation, dataDirectory)
  // -j: a semicolon and an empty line end what is run at once.
  await runProgram(installation, 'postgres', [...SINGLE_USER, '-j', '-D', dataDirectory, 'template1'], sql)
  await runProgram(installation, 'postgres', [...SINGLE_USER, '-j', '-D', dataDirectory, 'postgres'], OWN_SQL)
  if (installation.systemBuild !== undefined) await writeBuildNote(dataDirectory, installation.systemBuild)
  await runProgram(installation, 'initdb', [...at, '--sync-only'])
}
