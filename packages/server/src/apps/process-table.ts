// What the operating system knows of processes and their listening sockets: /proc on Linux, nothing elsewhere (then the callers
// fall back to probing ports and to process groups).
import { execFile } from 'node:child_process'
import { readdir, readlink } from 'node:fs/promises'
import { platform } from 'node:os'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { promisify } from 'node:util'
import { readProcFileSync } from '../base/proc-file.ts'

export interface ListeningSocket {
  /** Where a client on this machine reaches it. */
  readonly host: string
  readonly port: number
}

interface ProcessEntry {
  readonly pid: number
  readonly parent: number
  readonly group: number
  /** Clock ticks since boot: with the pid it names a process for good. */
  readonly startTime: string
}

/** Files of /proc that are read before others have their turn. */
const PER_TURN = 64

/** Whether this system can be asked at all. */
export const hasProcessTable = platform() === 'linux'

/** Live processes of the group `leader` leads, and whatever descends from it in other groups. */
export async function familyOf(leader: number): Promise<number[]> {
  const entries = await listProcesses()
  const family = new Set(
    entries.filter((each) => each.group === leader || each.pid === leader).map((each) => each.pid),
  )
  for (let grew = true; grew;) {
    const before = family.size
    for (const each of entries) if (family.has(each.parent)) family.add(each.pid)
    grew = family.size > before
  }
  return [...family]
}

/** The process group of a live process. */
export async function groupOf(pid: number): Promise<number | undefined> {
  return readEntry(pid)?.group
}

/** Start time of a live process, undefined when there is none of this pid. */
export async function startTimeOf(pid: number): Promise<string | undefined> {
  return hasProcessTable ? readEntry(pid)?.startTime : startTimeByPs(pid)
}

/** Sockets that these processes listen on; `inside` is a process in their network where that is not this machine's. */
export async function listeningSockets(pids: readonly number[], inside?: number): Promise<ListeningSocket[]> {
  const inodes = new Set((await Promise.all(pids.map((pid) => socketInodes(pid)))).flat())
  if (inodes.size === 0) return []
  return listListeners(inside).filter((each) => inodes.has(each.inode))
}

/** Whether one of these processes listens on `port`, where only `lsof` can tell; false when it is not there either. */
export async function ownsPort(pids: readonly number[], port: number): Promise<boolean> {
  const words = ['-nP', '-a', `-iTCP:${port}`, '-sTCP:LISTEN', '-t', '-p', pids.join(',')]
  return promisify(execFile)('lsof', words).then(
    ({ stdout }) => stdout.trim() !== '',
    () => false,
  )
}

/** The group that `leader` leads, by `ps`, where there is no /proc. */
export async function groupByPs(leader: number): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-axo', 'pid=,pgid=']).catch(() => ({ stdout: '' }))
  const rows = stdout.split('\n').map((line) => line.trim().split(/\s+/).map(Number))
  return rows.flatMap(([pid, group]) => (group === leader && pid !== undefined ? [pid] : []))
}

/** The process that listens on `port`, as far as this user may see it. */
export async function ownerOfPort(port: number): Promise<{ pid: number; command: string } | undefined> {
  const wanted = new Set(
    listListeners()
      .filter((each) => each.port === port)
      .map((each) => each.inode),
  )
  if (wanted.size === 0) return undefined
  for (const { pid } of await listProcesses()) {
    if ((await socketInodes(pid)).some((inode) => wanted.has(inode))) return { pid, command: commandOf(pid) }
  }
  return undefined
}

/** Live processes whose environment holds `name=value` for some value; gives both. */
export async function processesMarked(name: string): Promise<{ pid: number; value: string }[]> {
  const found: { pid: number; value: string }[] = []
  for (const [index, { pid }] of (await listProcesses()).entries()) {
    if (index % PER_TURN === PER_TURN - 1) await nextTurn()
    const environment = readOrEmpty(`/proc/${pid}/environ`)
    const marked = environment.split('\0').find((each) => each.startsWith(`${name}=`))
    if (marked !== undefined) found.push({ pid, value: marked.slice(name.length + 1) })
  }
  return found
}

async function startTimeByPs(pid: number): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)])
    return stdout.trim() || undefined
  } catch {
    // ps fails when there is no such process.
    return undefined
  }
}

async function listProcesses(): Promise<ProcessEntry[]> {
  if (!hasProcessTable) return []
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const entries: ProcessEntry[] = []
  for (const [index, name] of names.entries()) {
    if (index % PER_TURN === PER_TURN - 1) await nextTurn()
    const entry = readEntry(Number(name))
    if (entry) entries.push(entry)
  }
  return entries
}

/** Reads /proc/<pid>/stat (proc(5)); a zombie counts as gone. */
function readEntry(pid: number): ProcessEntry | undefined {
  const text = readOrEmpty(`/proc/${pid}/stat`)
  // The program's name is in parentheses and may hold anything, so fields are counted from the last one.
  const [state, parent, group, ...rest] = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const startTime = rest[16]
  if (!state || state === 'Z' || state === 'X' || startTime === undefined) return undefined
  return { pid, parent: Number(parent), group: Number(group), startTime }
}

async function socketInodes(pid: number): Promise<string[]> {
  const directory = `/proc/${pid}/fd`
  try {
    const targets = await Promise.all(
      (await readdir(directory)).map((name) => readlink(`${directory}/${name}`).catch(() => '')),
    )
    return targets.flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? [])
  } catch {
    // The process ended, or belongs to somebody else.
    return []
  }
}

function listListeners(inside?: number): (ListeningSocket & { inode: string })[] {
  return listenerLines(inside).flatMap(parseListener)
}

function listenerLines(inside?: number): string[] {
  const network = inside === undefined ? '/proc/net' : `/proc/${inside}/net`
  const tables = [readOrEmpty(`${network}/tcp`), readOrEmpty(`${network}/tcp6`)]
  return tables.flatMap((table) => table.split('\n').slice(1))
}

/** Ports on which these processes listen beyond loopback, in ascending order. */
export async function exposedPorts(pids: readonly number[]): Promise<number[]> {
  const inodes = new Set((await Promise.all(pids.map((pid) => socketInodes(pid)))).flat())
  if (inodes.size === 0) return []
  const exposed = listenerLines()
    .filter((line) => !isOnLoopback(line))
    .flatMap(parseListener)
  const ports = exposed.filter((each) => inodes.has(each.inode)).map((each) => each.port)
  return [...new Set(ports)].sort((a, b) => a - b)
}

/** 127.0.0.0/8, ::1, and the former within IPv6, as /proc/net writes them. */
function isOnLoopback(line: string): boolean {
  const address = line.trim().split(/\s+/)[1]?.split(':')[0] ?? ''
  return /^(?:0{16}FFFF0{4})?.{6}7F$/.test(address) || address === '00000000000000000000000001000000'
}

/** One line of /proc/net/tcp{,6}; 0A is TCP_LISTEN. */
export function parseListener(line: string): (ListeningSocket & { inode: string })[] {
  const fields = line.trim().split(/\s+/)
  const [address, port] = (fields[1] ?? '').split(':')
  if (fields[3] !== '0A' || !address || !port || !fields[9]) return []
  return [{ host: reachableAs(address), port: Number.parseInt(port, 16), inode: fields[9] }]
}

/** Addresses are hexadecimal in host byte order; `any` is reached over loopback. */
function reachableAs(hex: string): string {
  if (hex.length === 32) return hex === '00000000000000000000000001000000' ? '::1' : '127.0.0.1'
  if (/^0+$/.test(hex)) return '127.0.0.1'
  return [6, 4, 2, 0].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)).join('.')
}

function commandOf(pid: number): string {
  const words = readOrEmpty(`/proc/${pid}/cmdline`)
    .split('\0')
    .filter((word) => word !== '')
  return words.join(' ').slice(0, 120)
}

/** Empty when there is none, or it is somebody else's. */
function readOrEmpty(file: string): string {
  try {
    return readProcFileSync(file)
  } catch {
    return ''
  }
}
