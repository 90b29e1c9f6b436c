// What a test file leaves behind: processes, sockets, files, timers. Each file has a temporary directory of its own, whose name all that
// it starts bears in its environment, its command or its working directory; at the end the directory is empty and nobody bears it.
import { chmodSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** How long what was told to end may take, in milliseconds. */
const SETTLE_MS = 30_000

export interface LeakCheck {
  /** What is left, one line each, once nothing is or the time is over; removes the directory. */
  leaks(): Promise<string[]>
}

/** Gives the test file that runs in this process its temporary directory. */
export function startLeakCheck(settleMs = SETTLE_MS): LeakCheck {
  const parent = (process.env['TEST_SYSTEM_TMPDIR'] ??= tmpdir())
  // Short: the paths of sockets have 107 bytes at most. Others pass through: Postgres and apps are other users.
  const directory = mkdtempSync(path.join(parent, 'lt-'))
  chmodSync(directory, 0o711)
  process.env['TMPDIR'] = directory
  // Made when they are first used; they belong to nobody.
  void [process.stdin, process.stdout, process.stderr]
  const before = activeResources()
  const find = () => [
    ...processesOf(directory),
    ...socketsIn(directory),
    ...filesIn(directory),
    ...surplus(activeResources(), before),
  ]
  return {
    async leaks() {
      const deadline = performance.now() + settleMs
      let found = find()
      while (found.length > 0 && performance.now() < deadline) {
        await sleep(25)
        found = find()
      }
      rmSync(directory, { recursive: true, force: true })
      return found
    },
  }
}

/** Processes but this one that bear the directory's name; none where there is no /proc. */
function processesOf(directory: string): string[] {
  return entries('/proc')
    .filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid)
    .flatMap((pid) => {
      const command = read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim()
      const isOurs =
        command.includes(directory) ||
        `${link(`/proc/${pid}/cwd`)}/`.startsWith(`${directory}/`) ||
        read(`/proc/${pid}/environ`).includes(directory)
      return isOurs && command !== '' ? [`process ${pid}: ${command}`] : []
    })
}

function socketsIn(directory: string): string[] {
  const lines = read('/proc/net/unix').split('\n')
  return lines.flatMap((line) => {
    const name = line.split(/\s+/)[7]
    return name?.startsWith(`${directory}/`) ? [`socket ${name}`] : []
  })
}

function filesIn(directory: string): string[] {
  if (process.env['KEEP_TEST_WORKSPACES']) return []
  // Where npm lets Node keep compiled code is nobody's to remove.
  const left = entries(directory).filter((name) => name !== 'node-compile-cache')
  return left.map((name) => `directory ${path.join(directory, name)}`)
}

/** Timers, sockets, servers and children that keep this process alive. */
function activeResources(): readonly string[] {
  return process.getActiveResourcesInfo()
}

function surplus(now: readonly string[], before: readonly string[]): string[] {
  const left = [...before]
  return now.flatMap((kind) => {
    const at = left.indexOf(kind)
    if (at === -1) return [`${kind} that keeps the process alive`]
    left.splice(at, 1)
    return []
  })
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}

function link(file: string): string {
  try {
    return readlinkSync(file)
  } catch {
    return ''
  }
}
