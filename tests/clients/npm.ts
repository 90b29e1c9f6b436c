// Directories with real packages from npm, as an app that depends on exactly these would have them.
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { cachedDirectory } from './registry.ts'

const run = promisify(execFile)

/** A directory whose `node_modules` has exactly these packages (`name@version`). Throws RegistryUnreachable. */
export async function npmWith(packages: readonly string[]): Promise<string> {
  return cachedDirectory('npm', [process.version, ...packages], async (directory) => {
    await writeFile(path.join(directory, 'package.json'), '{ "private": true, "type": "module" }\n')
    const quiet = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error', '--save-exact']
    await run('npm', ['install', ...quiet, ...packages], { cwd: directory, maxBuffer: 16 << 20 })
  })
}
