// Whether this host lets apps have sandboxes, found out by trying one, and the sandboxes of apps.
import { spawn } from 'node:child_process'
import { access } from 'node:fs/promises'
import { constants } from 'node:fs'
import { tmpdir } from 'node:os'
import { asError } from '../../base/errors.ts'
import { exitOf } from '../../base/terminate.ts'
import { type Account, accountRange } from '../account.ts'
import { systemPath } from '../remove-tree.ts'
import { Sandbox } from './sandbox.ts'
import { systemProgram } from './system-program.ts'

/** What keeps apps apart on this host. */
export interface Isolation {
  /** `own`: each run has its network, files and processes to itself. */
  readonly sandbox: 'own' | 'none'
  /** Why there is none. */
  readonly why?: string
}

export interface SandboxSettings {
  readonly isolation: 'auto' | 'off'
  /** The account that one is tried with; undefined for that of the workspace. */
  readonly account: Account | undefined
}

const TRIAL_MS = 5000
const SWITCHED_OFF = 'it is switched off (apps.isolation)'

export class Sandboxes {
  readonly #settings: SandboxSettings
  #found: Promise<Isolation> | undefined

  constructor(settings: SandboxSettings) {
    this.#settings = settings
  }

  /** Why there can be none, as far as that shows without trying; undefined where there may be some. */
  async obstacle(): Promise<string | undefined> {
    return this.#settings.isolation === 'off' ? SWITCHED_OFF : missing()
  }

  /** Tried at the first call. */
  isolation(): Promise<Isolation> {
    this.#found ??= this.#find()
    return this.#found
  }

  async #find(): Promise<Isolation> {
    const why = (await this.obstacle()) ?? (await failureOf(this.#settings.account))
    return why === undefined ? { sandbox: 'own' } : { sandbox: 'none', why }
  }
}

/** What this host lets apps have, for whoever asks without a workspace. */
export async function tryIsolation(): Promise<Isolation> {
  const range = await accountRange()
  return new Sandboxes({
    isolation: 'auto',
    account: range && { uid: range.first, gid: range.first },
  }).isolation()
}

/** What this host has not that a sandbox needs. */
async function missing(): Promise<string | undefined> {
  if (process.platform !== 'linux') return `${process.platform} has no namespaces`
  const needed = { unshare: 'util-linux', bwrap: 'bubblewrap', pasta: 'passt' }
  for (const [program, name] of Object.entries(needed))
    if (!systemProgram(program)) return `${program} is not installed (on Debian: apt install ${name})`
  const hasTun = await access('/dev/net/tun', constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  )
  return hasTun ? undefined : '/dev/net/tun is not there, or not ours to open'
}

/** Runs `true` in a sandbox; what went wrong, undefined for nothing. */
async function failureOf(account: Account | undefined): Promise<string | undefined> {
  if (!account && process.getuid?.() === 0) return 'apps have no users of their own'
  const places = { own: [], readable: [], temporary: '/usr', hidden: tmpdir() }
  const sandbox = new Sandbox({
    account,
    mark: undefined,
    environment: {},
    reachable: [],
    hasWayIn: true,
    isWorkspaceAway: false,
    places,
  })
  const [program = '', ...rest] = sandbox.words(['true'], '/')
  const child = spawn(program, rest, {
    cwd: '/',
    env: { PATH: systemPath() },
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    ...(account ? { uid: account.uid, gid: account.gid } : {}),
  })
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text))
  const exited = exitOf(child)
  const limit = setTimeout(() => child.kill('SIGKILL'), TRIAL_MS)
  try {
    await using _network = await sandbox.open(child)
    const { code, error } = await exited
    return code === 0
      ? undefined
      : (error?.message ?? (said.trim().split('\n').at(-1) || 'a sandbox could not be made'))
  } catch (error) {
    return said.trim().split('\n').at(-1) || asError(error).message
  } finally {
    clearTimeout(limit)
    child.kill('SIGKILL')
    await exited
  }
}
