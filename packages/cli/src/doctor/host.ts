// What this machine can do for a workspace. Each is tried for real: a kernel that has a feature may still refuse it.
import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { copyFile, mkdtemp, readFile, rm, statfs, writeFile } from 'node:fs/promises'
import { lookup } from 'node:dns/promises'
import { createServer } from 'node:net'
import path from 'node:path'
import { promisify } from 'node:util'
import { controlGroups } from './control-groups.ts'
import { type Finding, note, ok, problem } from './finding.ts'
import { listenerOf } from './listener.ts'
import { postgresPackage } from './postgres-package.ts'
import { appFindings } from './sandboxes.ts'

const GIB = 1024 ** 3
/** Major version times 100, and minor version. */
const OLDEST_NODE = 2218

/** Looks at programs, names, ports and the kernel. `env` says which programs are found. */
export async function hostFindings(env: Readonly<Record<string, string | undefined>>): Promise<Finding[]> {
  const tried = await Promise.all([
    python(env),
    psql(env),
    names(),
    port(8080, 'http-port'),
    port(5432, 'postgres-port'),
    namespaces(env),
    controlGroups(),
    openFiles(),
  ])
  return [nodeVersion(), postgresPackage(), ...tried, ...(await appFindings())]
}

/** Looks at the file system that holds `directory`, which exists. */
export async function fileSystemFindings(directory: string): Promise<Finding[]> {
  return Promise.all([reflink(directory), space(directory)])
}

function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major * 100 + minor >= OLDEST_NODE) return ok('node', `Node ${process.versions.node}`)
  return problem(
    'node',
    `Node ${process.versions.node}`,
    'A workspace needs Node 22.18 or newer.',
    'Install a newer Node.',
  )
}

async function python(env: Readonly<Record<string, string | undefined>>): Promise<Finding> {
  const program = 'import sys, venv; print(sys.version.split()[0], sys.version_info >= (3, 9))'
  const found = await runs('python3', ['-c', program], env)
  const why = 'Apps in Python are built in a virtual environment of Python 3.9 or newer.'
  if (found?.endsWith('True')) return ok('python', `Python ${found.split(' ')[0] ?? ''} with venv`)
  const what = found === undefined ? 'no python3 with its venv module' : `Python ${found.split(' ')[0] ?? ''}`
  return note('python', what, why, 'Install it (Debian: apt install python3-venv), if you have such apps.')
}

async function psql(env: Readonly<Record<string, string | undefined>>): Promise<Finding> {
  const found = await runs('psql', ['--version'], env)
  if (found !== undefined) return ok('psql', found)
  return note(
    'psql',
    'no psql',
    '`lakelet psql` opens a prompt of its own then, which knows fewer commands and no scripts.',
    'Nothing, or install it (Debian: apt install postgresql-client).',
  )
}

async function names(): Promise<Finding> {
  const found = await lookup('ep-probe.localhost', { all: true }).catch(() => [])
  if (found.some(({ address }) => address === '127.0.0.1' || address === '::1'))
    return ok('names', 'names below localhost resolve to this machine')
  return note(
    'names',
    'names below localhost do not resolve',
    'Endpoints have no host names of their own then: several share 127.0.0.1, and clients name theirs by token or options=endpoint=….',
    'Install systemd-resolved or nss-myhostname, if you want such names.',
  )
}

async function port(number: number, check: string): Promise<Finding> {
  const code = await new Promise<string>((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code ?? error.message)
    })
    server.listen({ host: '127.0.0.1', port: number, exclusive: true }, () => {
      server.close(() => {
        resolve('')
      })
    })
  })
  if (code === '') return ok(check, `port ${number} is free`)
  const who = code === 'EADDRINUSE' ? await listenerOf(number) : undefined
  return note(
    check,
    `port ${number} is ${code === 'EADDRINUSE' ? `taken${who ? ` by ${who}` : ''}` : `refused (${code})`}`,
    'A workspace that starts now takes the next free one, and clients must be told which.',
    `Nothing, or end what has it, or name another one with --${check}.`,
  )
}

async function namespaces(env: Readonly<Record<string, string | undefined>>): Promise<Finding> {
  const found = await runs('unshare', ['--user', '--map-root-user', '--mount', 'true'], env)
  if (found !== undefined) return ok('namespaces', 'user and mount namespaces can be made')
  return note(
    'namespaces',
    'user and mount namespaces cannot be made',
    'Apps see the files of this machine as far as their user may.',
    'Allow them (sysctl kernel.unprivileged_userns_clone, or the profile of the container), if apps are not trusted.',
  )
}

async function openFiles(): Promise<Finding> {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '')
  const most = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY)
  if (most >= 4096) return ok('open-files', `${Number.isFinite(most) ? most : 'any number of'} open files`)
  return problem(
    'open-files',
    `${most} open files at most`,
    'Each client of a gateway takes two, each Postgres some hundreds.',
    'Raise it: ulimit -n 65536.',
  )
}

async function reflink(directory: string): Promise<Finding> {
  const place = await mkdtemp(path.join(directory, '.lakelet-doctor-'))
  try {
    const [from, to] = [path.join(place, 'a'), path.join(place, 'b')]
    await writeFile(from, Buffer.alloc(8192, 1))
    await copyFile(from, to, constants.COPYFILE_FICLONE_FORCE)
    return ok('reflink', `files in ${directory} can share blocks`)
  } catch (error) {
    return note(
      'reflink',
      `files in ${directory} cannot share blocks (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`,
      'A new branch copies every byte of its source: seconds and space instead of nearly nothing.',
      'Put the data directory on XFS, btrfs or APFS, or give it a disk of its own: sudo lakelet storage init.',
    )
  } finally {
    await rm(place, { recursive: true, force: true })
  }
}

async function space(directory: string): Promise<Finding> {
  const { bavail, bsize, files, ffree } = await statfs(directory)
  const free = (bavail * bsize) / GIB
  const found = `${free.toFixed(1)} GiB${files > 0 ? ` and ${ffree} files` : ''} free in ${directory}`
  if (free < 1 || (files > 0 && ffree < 10_000))
    return problem(
      'space',
      found,
      'Writes are refused when the disk is full.',
      'Delete branches or make room.',
    )
  if (free < 5) return note('space', found, 'Branches and the packages of apps need room.', 'Make room.')
  return ok('space', found)
}

/** What the program printed first, or undefined where it is missing or fails. */
async function runs(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(program, args, {
      env,
      timeout: 20_000,
    })
    return stdout.trim()
  } catch {
    return undefined
  }
}
