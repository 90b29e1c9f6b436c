// The template: an initialised cluster with the system's roles, made once and cloned for every new project.
import { createHash, randomBytes } from 'node:crypto'
import { chown, mkdir, readFile, readdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { syncDirectory, writeFileAtomic } from '../base/files.ts'
import type { Logger } from '../base/log.ts'
import { exists } from './account.ts'
import { ADMIN_ROLE, connectAdmin } from './admin.ts'
import { startCluster } from './cluster.ts'
import { type PostgresInstallation, ownerOf, removeUnfinished, runProgram } from './installation.ts'
import { stopLeftover } from './leftover.ts'
import { HBA_FILE } from './settings.ts'
import { socketDirectoryFor } from './socket-directory.ts'

/** Needs nothing of the host: the builtin provider brings C.UTF-8 with it (Postgres 17). */
const INITDB_OPTIONS = [
  `--username=${ADMIN_ROLE}`,
  '--auth=trust',
  '--encoding=UTF8',
  '--locale-provider=builtin',
  '--builtin-locale=C.UTF-8',
  '--locale=C',
  '--data-checksums',
  '--no-instructions',
]

/**
 * The data directory of the template, made if it is missing. Its name carries a hash of what goes into it, so a new
 * version of the system's roles makes a new template. Safe to interrupt.
 */
export async function ensureTemplate(installation: PostgresInstallation, log: Logger): Promise<string> {
  const sql = await readFile(path.join(import.meta.dirname, 'template.sql'), 'utf8')
  const home = path.dirname(installation.prefix)
  const hash = createHash('sha256')
    .update(JSON.stringify([INITDB_OPTIONS, HBA_FILE, installation.version, sql]))
    .digest('hex')
  const template = path.join(home, `template-${hash.slice(0, 12)}`)
  if (await exists(template)) return template
  await stopUnfinished(home)
  await removeUnfinished(home, 'template-')
  const building = `${template}.${randomBytes(4).toString('hex')}.tmp`
  await initialise(installation, building)
  await fill(installation, building, sql, log)
  await rename(building, template)
  await syncDirectory(home)
  return template
}

/** A server killed while it filled a template leaves a Postgres running on the unfinished one. */
async function stopUnfinished(home: string): Promise<void> {
  const names = await readdir(home)
  const left = names.filter((name) => name.startsWith('template-') && name.endsWith('.tmp'))
  for (const name of left) await stopLeftover(path.join(home, name))
}

async function initialise(installation: PostgresInstallation, dataDirectory: string): Promise<void> {
  const owner = ownerOf(installation)
  await mkdir(dataDirectory, { mode: 0o700 })
  await chown(dataDirectory, owner.uid, owner.gid)
  await runProgram(installation, 'initdb', ['--pgdata', dataDirectory, ...INITDB_OPTIONS])
  await writeFileAtomic(path.join(dataDirectory, 'postgresql.conf'), "include = 'lakelet.conf'\n", {
    mode: 0o644,
  })
  await writeFileAtomic(path.join(dataDirectory, 'pg_hba.conf'), HBA_FILE, { mode: 0o644 })
}

async function fill(
  installation: PostgresInstallation,
  dataDirectory: string,
  sql: string,
  log: Logger,
): Promise<void> {
  const logFile = path.join(dataDirectory, 'template.log')
  {
    await using cluster = await startCluster({
      installation,
      dataDirectory,
      socketDirectory: socketDirectoryFor(installation, dataDirectory),
      settings: { maxCu: 1 },
      logFile,
      log,
    })
    await using admin = await connectAdmin(cluster, { database: 'template1', purpose: 'template' })
    // CREATE DATABASE cannot run inside the implicit transaction of several statements.
    await admin.execute(sql)
    await admin.execute('CREATE DATABASE databricks_postgres')
    await admin.execute('GRANT ALL ON DATABASE databricks_postgres TO databricks_superuser WITH GRANT OPTION')
  }
  await rm(logFile, { force: true })
}
