// Python environments for tests with real packages from PyPI: made once per set of requirements, kept between runs.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Why Python tests cannot run here, or undefined when they can. */
export async function whyNoPython(): Promise<string | undefined> {
  try {
    await run('python3', ['-c', 'import venv, ensurepip, sys; assert sys.version_info >= (3, 9)'])
    return undefined
  } catch {
    return 'needs python3 (3.9 or newer) with venv'
  }
}

/** The interpreter of a virtual environment that has exactly these requirements. */
export async function pythonWith(requirements: readonly string[]): Promise<string> {
  const { stdout: version } = await run('python3', ['--version'])
  const key = createHash('sha256')
    .update([version, ...requirements].join('\n'))
    .digest('hex')
    .slice(0, 16)
  const directory = path.join(os.tmpdir(), 'lakelet-tests', `python-${key}`)
  if (!existsSync(path.join(directory, 'complete'))) await build(directory, requirements)
  return path.join(directory, 'bin', 'python')
}

async function build(directory: string, requirements: readonly string[]): Promise<void> {
  await rm(directory, { recursive: true, force: true })
  await mkdir(path.dirname(directory), { recursive: true })
  // A virtual environment knows its own path, so it is built in place and marked when complete.
  await run('python3', ['-m', 'venv', directory])
  const pip = path.join(directory, 'bin', 'pip')
  await run(pip, ['install', '--quiet', '--disable-pip-version-check', ...requirements], {
    maxBuffer: 16 << 20,
  })
  const marker = path.join(directory, 'complete.tmp')
  await writeFile(marker, '')
  await rename(marker, path.join(directory, 'complete'))
}
