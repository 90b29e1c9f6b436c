// Finding a Python that can make virtual environments.
import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { LakeletError } from '../base/errors.ts'
import type { Account } from './account.ts'

export interface Python {
  readonly program: string
  /** `3.11.7 /usr/bin/python3`: changes when the interpreter does. */
  readonly identity: string
  /** Where it is. */
  readonly executable: string
  /** Whether its own pip can fill an environment that has none, which saves the seconds that a copy of pip costs. */
  readonly canInstallElsewhere: boolean
}

const OLDEST = 9
/** `pip --python` came with pip 22.3; a Python without it needs ensurepip, which Debian packages apart. */
const PROBE = `
import sys, venv
try:
    import pip
    pip_version = pip.__version__
except ImportError:
    import ensurepip
    pip_version = "0"
print(sys.version_info[0], sys.version_info[1], pip_version, sys.version.split()[0], sys.executable)
`

/** The first fitting of `python3` and `python` that `account` can run; LakeletError `python_missing` says what was found instead. */
export async function findPython(searchPath: string, account?: Account): Promise<Python> {
  const findings: string[] = []
  for (const program of ['python3', 'python']) {
    const probe = await tryProbe(program, searchPath, account)
    if ('reason' in probe) {
      if (probe.reason !== '') findings.push(`${program} ${probe.reason}`)
      continue
    }
    const [major = 0, minor = 0] = probe.words.slice(0, 2).map(Number)
    const [, , pip = '0', ...identity] = probe.words
    if (major === 3 && minor >= OLDEST)
      return {
        program,
        identity: identity.join(' '),
        executable: identity.slice(1).join(' '),
        canInstallElsewhere: isAtLeast(pip, 22, 3),
      }
    findings.push(`${program} is ${identity[0]}`)
  }
  const found = findings.length === 0 ? 'there is no Python on this machine' : findings.join(', ')
  throw new LakeletError('python_missing', { found })
}

async function tryProbe(
  program: string,
  searchPath: string,
  account: Account | undefined,
): Promise<{ words: string[] } | { reason: string }> {
  try {
    const { stdout } = await promisify(execFile)(program, ['-c', PROBE], probing(searchPath, account))
    return { words: stdout.trim().split(' ') }
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string }
    // EACCES: it lies where only another user comes.
    if (code === 'ENOENT' || code === 'EACCES') return { reason: '' }
    return { reason: /No module named/.test(stderr ?? '') ? 'lacks its venv module' : 'cannot be run' }
  }
}

function isAtLeast(version: string, major: number, minor: number): boolean {
  const [first = 0, second = 0] = version.split('.').map(Number)
  return first > major || (first === major && second >= minor)
}

/** Programs are tried as the app would run them, and with nothing of the workspace's environment. */
function probing(searchPath: string, account: Account | undefined) {
  return {
    env: { PATH: searchPath },
    timeout: 20_000,
    cwd: '/',
    ...(account ? { uid: account.uid, gid: account.gid } : {}),
  }
}

/** Whether `account` can run `program` at all. */
export async function isOnPath(program: string, searchPath: string, account?: Account): Promise<boolean> {
  try {
    await promisify(execFile)(program, ['--version'], probing(searchPath, account))
    return true
  } catch {
    return false
  }
}

/** Command that makes an environment in `directory`. */
export function createEnvironment(python: Python, directory: string): string[] {
  const withoutPip = python.canInstallElsewhere ? ['--without-pip'] : []
  return [python.executable, '-m', 'venv', '--clear', ...withoutPip, directory]
}

/** The words of a pip that installs into the environment; what to install comes after them. */
export function pipInstall(python: Python, environment: string): string[] {
  const inside = path.join(environment, 'bin', 'python')
  const pip = python.canInstallElsewhere
    ? [python.executable, '-m', 'pip', '--python', inside]
    : [inside, '-m', 'pip']
  return [...pip, 'install', '--disable-pip-version-check', '--no-input', '--progress-bar', 'off']
}
