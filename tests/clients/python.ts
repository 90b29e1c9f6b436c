// Python environments for tests with real packages from PyPI.
import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { cachedDirectory } from './registry.ts'

const run = promisify(execFile)

/** Why Python tests cannot run here, or undefined when they can. */
export async function whyNoPython(): Promise<string | undefined> {
  try {
    await run('python3', ['-c', 'import venv, ensurepip, sys; assert sys.version_info >= (3, 10)'])
    return undefined
  } catch {
    return 'needs python3 (3.10 or newer) with venv'
  }
}

/** The interpreter of a virtual environment that has exactly these requirements. Throws RegistryUnreachable. */
export async function pythonWith(requirements: readonly string[]): Promise<string> {
  const { stdout: version } = await run('python3', ['--version'])
  const directory = await cachedDirectory('python', [version, ...requirements], async (place) => {
    await run('python3', ['-m', 'venv', place])
    const pip = path.join(place, 'bin', 'pip')
    await run(pip, ['install', '--quiet', '--disable-pip-version-check', ...requirements], {
      maxBuffer: 16 << 20,
    })
  })
  return path.join(directory, 'bin', 'python')
}
