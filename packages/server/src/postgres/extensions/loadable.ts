// Extensions whose library cannot be loaded here (it needs a Perl or a Python of another version) are not offered: the control file is
// put aside, so that no database lists what it cannot create.
import { spawn } from 'node:child_process'
import { rename } from 'node:fs/promises'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { type PostgresInstallation, postgresEnvironment } from '../installation.ts'
import { type ExtensionControl, extensionDirectory, readControlFiles } from './control-files.ts'

/** What is put after the name of a control file whose extension cannot be created. */
const ASIDE = '.unavailable'

/** Asks a single-user Postgres on `dataDirectory` to load each library, and puts aside what it cannot load. */
export async function hideUnloadable(
  installation: PostgresInstallation,
  dataDirectory: string,
): Promise<readonly string[]> {
  const controls = await readControlFiles(installation.prefix)
  const failed = await failingLibraries(installation, dataDirectory, controls)
  const hidden = withDependents(controls, failed)
  const directory = extensionDirectory(installation.prefix)
  for (const name of hidden) {
    const file = path.join(directory, `${name}.control`)
    await rename(file, `${file}${ASIDE}`)
  }
  return hidden
}

async function failingLibraries(
  installation: PostgresInstallation,
  dataDirectory: string,
  controls: readonly ExtensionControl[],
): Promise<ReadonlySet<string>> {
  const libraries = [...new Set(controls.flatMap(({ library }) => library ?? []))]
  // Transform modules call into the language's library; the one is loaded with the other.
  const child = spawn(
    path.join(installation.prefix, 'bin', 'postgres'),
    ['--single', '-F', '-c', 'log_min_messages=error', '-D', dataDirectory, 'template1'],
    {
      ...installation.account,
      cwd: installation.prefix,
      env: postgresEnvironment(),
      stdio: ['pipe', 'ignore', 'pipe'],
    },
  )
  const ended = new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  child.stdin.on('error', () => undefined)
  child.stdin.end(libraries.map((library) => `LOAD '${library}'\n`).join(''))
  const [said] = await Promise.all([text(child.stderr), ended])
  const statements = [...said.matchAll(/STATEMENT: {2}LOAD '([^']+)'/g)].map(([, library = '']) => library)
  return new Set(statements)
}

/** Names of extensions whose library failed, and of those that need one of them. */
function withDependents(controls: readonly ExtensionControl[], failed: ReadonlySet<string>): string[] {
  const hidden = new Set<string>()
  for (let before = -1; before !== hidden.size;) {
    before = hidden.size
    for (const { name, library, requires } of controls) {
      const isBroken = library !== undefined && failed.has(library)
      if (isBroken || requires.some((each) => hidden.has(each))) hidden.add(name)
    }
  }
  return [...hidden]
}
