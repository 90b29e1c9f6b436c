// What a workspace holds of the machine: processes, descriptors, sockets. A hostile test takes it before and after: whatever was thrown
// at the workspace, it must come back to where it was. Linux tells through /proc; elsewhere there is nothing to compare.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { TestWorkspace } from '../system/workspace.ts'

export interface Footprint {
  /** What each process of the workspace runs, itself first left out; equal ones as often as they run. Sorted. */
  readonly processes: readonly string[]
  /** Open descriptors of the workspace's own process but sockets, by kind. */
  readonly descriptors: Readonly<Record<string, number>>
  /** Its sockets but those that this test's own process holds the other end of (clients keep connections alive). */
  readonly sockets: number
  /** Resident memory of the workspace's own process, in MB. */
  readonly rssMb: number
}

export interface SettleOptions {
  /** How long the workspace may take to come back, in milliseconds; 20 s when left out. */
  readonly withinMs?: number
  /** Growth of its memory, in MB, that is a fault itself and no garbage not yet collected; 300 when left out. */
  readonly growthMb?: number
}

const hasProcessTable = process.platform === 'linux'

/** What `workspace` holds now. Take it when the computes are as they will be at the end: awake or asleep. */
export function footprintOf(workspace: Pick<TestWorkspace, 'pid' | 'directory'>): Footprint {
  if (!hasProcessTable) return { processes: [], descriptors: {}, sockets: 0, rssMb: 0 }
  const { pid } = workspace
  const own = socketsOf(pid)
  return {
    processes: processesOf(pid, workspace.directory),
    descriptors: descriptorsOf(pid),
    sockets: own.size - sharedWith(own, pid),
    rssMb: Number(/VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024,
  }
}

/** Waits until the workspace holds no more than `before`; fails with the difference when it does not get there. */
export async function expectBackAt(
  before: Footprint,
  workspace: Pick<TestWorkspace, 'pid' | 'directory'>,
  { withinMs = 60_000, growthMb = 300 }: SettleOptions = {},
): Promise<void> {
  const deadline = performance.now() + withinMs
  let now = footprintOf(workspace)
  while (!isWithin(now, before) && performance.now() < deadline) {
    await sleep(50)
    now = footprintOf(workspace)
  }
  if (!isWithin(now, before)) {
    const text = JSON.stringify({ before, now }, null, 2)
    throw new Error(`the workspace still holds more than before after ${withinMs} ms: ${text}`)
  }
  console.log(
    `memory of the workspace: ${before.rssMb.toFixed(0)} MB before, ${now.rssMb.toFixed(0)} MB after`,
  )
  expect(now.rssMb - before.rssMb, 'growth of memory in MB').toBeLessThan(growthMb)
}

/** Runs `attack` on a workspace and checks that it came back to where it was. */
export async function comesBack(
  workspace: Pick<TestWorkspace, 'pid' | 'directory'>,
  attack: () => Promise<void>,
  options?: SettleOptions,
): Promise<void> {
  const before = footprintOf(workspace)
  await attack()
  await expectBackAt(before, workspace, options)
}

/** Fewer than before is no leak: a connection that was kept alive may have ended meanwhile. */
function isWithin(now: Footprint, before: Footprint): boolean {
  const kinds = Object.entries(now.descriptors)
  return (
    kinds.every(([kind, count]) => count <= (before.descriptors[kind] ?? 0)) &&
    now.sockets <= before.sockets &&
    isSubset(now.processes, before.processes)
  )
}

function isSubset(few: readonly string[], many: readonly string[]): boolean {
  const left = [...many]
  return few.every((each) => {
    const at = left.indexOf(each)
    if (at !== -1) left.splice(at, 1)
    return at !== -1
  })
}

/** Descendants of the workspace, and whatever else runs in its directory: a process may have left its parents. */
function processesOf(pid: number, directory: string): string[] {
  const parents = new Map<number, number>()
  for (const each of pids()) parents.set(each, parentOf(each))
  const isDescendant = (each: number): boolean => {
    const parent = parents.get(each) ?? 0
    return parent === pid || (parent > 1 && isDescendant(parent))
  }
  return [...parents.keys()]
    .filter(
      (each) =>
        each !== pid && (isDescendant(each) || linkOf(`/proc/${each}/cwd`).startsWith(`${directory}/data`)),
    )
    .flatMap((each) => commandOf(each) ?? [])
    .sort()
}

/** Processes whose working directory is in or below `place`. */
export function runsIn(
  place: string,
): { readonly pid: number; readonly parent: number; readonly command: string }[] {
  if (!hasProcessTable) return []
  return pids()
    .filter((pid) => `${linkOf(`/proc/${pid}/cwd`)}/`.startsWith(`${place}/`))
    .flatMap((pid) => {
      const command = commandOf(pid)
      return command === undefined ? [] : [{ pid, parent: parentOf(pid), command }]
    })
}

/** What a process runs, without what changes from moment to moment; undefined for one that has ended. */
function commandOf(pid: number): string | undefined {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
    // A Postgres process says what it does behind what it is; an autovacuum worker comes and goes by itself.
    if (command.startsWith('postgres: autovacuum worker')) return undefined
    return command === '' ? undefined : command.replace(/^(postgres: \S+ \S+).*/, '$1').slice(0, 120)
  } catch {
    return undefined
  }
}

function parentOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return 0
  }
}

function pids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}

function linksOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((name) => linkOf(`/proc/${pid}/fd/${name}`))
  } catch {
    return []
  }
}

function linkOf(link: string): string {
  try {
    return readlinkSync(link)
  } catch {
    return ''
  }
}

function descriptorsOf(pid: number): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const link of linksOf(pid)) {
    if (link === '' || link.startsWith('socket:')) continue
    const kind = link.startsWith('/') ? 'file' : link.replace(/\d+/g, 'N')
    counts[kind] = (counts[kind] ?? 0) + 1
  }
  return counts
}

/** Inodes of the sockets that a process holds. */
function socketsOf(pid: number): Set<string> {
  const inodes = linksOf(pid).flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? [])
  return new Set(inodes)
}

/** How many of the sockets are one end of a connection whose other end this process holds. */
function sharedWith(theirs: ReadonlySet<string>, pid: number): number {
  const ours = socketsOf(process.pid)
  const rows = [...rowsOf(pid, 'tcp'), ...rowsOf(pid, 'tcp6')]
  const ends = new Set(
    rows.filter(({ inode }) => ours.has(inode)).map(({ local, remote }) => `${remote} ${local}`),
  )
  return rows.filter(({ inode, local, remote }) => theirs.has(inode) && ends.has(`${local} ${remote}`)).length
}

/** The table of connections, as proc_net(5) has it. */
function rowsOf(pid: number, table: string): { local: string; remote: string; inode: string }[] {
  try {
    const [, ...lines] = readFileSync(`/proc/${pid}/net/${table}`, 'utf8').trim().split('\n')
    return lines.map((line) => {
      const fields = line.trim().split(/\s+/)
      return { local: fields[1] ?? '', remote: fields[2] ?? '', inode: fields[9] ?? '' }
    })
  } catch {
    return []
  }
}
