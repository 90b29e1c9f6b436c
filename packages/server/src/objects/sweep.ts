// Removing from an archive what no moment needs that can still be asked for: the past of each branch before the window of its project, branches that
// are gone for good, old states, and the chunks that only those had.
import { positionOf } from '../storage/index.ts'
import type { Line } from './lines.ts'
import { BASES, baseName, CHUNKS, LOG, segmentName, SNAPSHOTS, STATES, timeOf } from './names.ts'
import { baseRecord, type BaseRecord, chunksOf, snapshotRecord, stateRecord, tailRecord } from './records.ts'
import type { SentState } from './states.ts'
import type { Vault } from './vault.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

export interface SweepReport {
  /** Objects. */
  readonly deleted: number
}

export interface SweepParts {
  readonly vault: Vault
  readonly lines: Map<string, Line>
  readonly snapshots: Set<string>
  /** The last state: what is not in it is gone. */
  readonly current: SentState
  readonly now: Date
  readonly signal: AbortSignal
}

/** Nothing may be sent meanwhile. */
export async function sweep(parts: SweepParts): Promise<SweepReport> {
  const { vault, lines, snapshots, current, now } = parts
  const branches = new Map(current.record.branches.map((branch) => [branch.line, branch]))
  const gone: string[] = []
  const used = new Set<string>()
  for (const [id, line] of lines) {
    const branch = branches.get(id)
    // One that is not in a state yet is new.
    if (!branch && !isDead(line, parts)) {
      await keepAll(parts, line, used)
      continue
    }
    if (branch) gone.push(...(await oldOf(parts, line, branch.windowSeconds * 1000, used)))
    else gone.push(...allOf(line))
  }
  for (const uid of snapshots) {
    const name = `${SNAPSHOTS}${uid}`
    if (!current.record.snapshots.includes(uid)) gone.push(name)
    else for (const chunk of chunksOf((await vault.getRecord(name, snapshotRecord)).tree)) used.add(chunk)
  }
  const windowMs = Math.max(7 * DAY_MS, ...current.record.branches.map((each) => each.windowSeconds * 1000))
  const states: string[] = []
  for await (const { name } of vault.store.list(STATES)) states.push(name)
  const kept = new Set(keptStates(states, now.getTime(), windowMs))
  for (const name of states) {
    if (!kept.has(name)) gone.push(name)
    else for (const chunk of chunksOf((await vault.getRecord(name, stateRecord)).tree)) used.add(chunk)
  }
  // What names chunks goes first: a crash leaves chunks that nobody names, never names of nothing.
  await vault.delete(gone)
  forget(lines, gone)
  for (const name of gone) if (name.startsWith(SNAPSHOTS)) snapshots.delete(name.slice(SNAPSHOTS.length))
  const unused: string[] = []
  for await (const { name } of vault.store.list(CHUNKS)) if (!used.has(name.slice(-64))) unused.push(name)
  await vault.delete(unused)
  return { deleted: gone.length + unused.length }
}

/** All of the last hour, one an hour of the last day, one a day of the window, and the last one. Names as `STATES` has them, the oldest first. */
export function keptStates(names: readonly string[], now: number, windowMs: number): string[] {
  const seen = new Set<string>()
  const kept: string[] = []
  let hasBeforeWindow = false
  // The last of each hour or day: it says the most.
  for (const [index, name] of names.toReversed().entries()) {
    const age = now - timeOf(name)
    const slot =
      age < HOUR_MS
        ? name
        : age < DAY_MS
          ? `hour ${Math.floor(timeOf(name) / HOUR_MS)}`
          : `day ${Math.floor(timeOf(name) / DAY_MS)}`
    const isWithin = age <= windowMs
    // The one from before the window is what its first moment needs.
    const isNeeded = isWithin ? !seen.has(slot) : !hasBeforeWindow
    if (!isWithin) hasBeforeWindow = true
    if (index === 0 || isNeeded) kept.push(name)
    seen.add(slot)
  }
  return kept.toReversed()
}

/** Whether a line that no branch is any more may go: not one that the last state cannot know yet. */
function isDead({ waiting, tails }: Line, { current }: SweepParts): boolean {
  const written = timeOf(tails.at(-1) ?? '')
  const isOlder = Number.isNaN(written) || written < timeOf(current.name)
  return waiting.size === 0 && isOlder && current.missing.length === 0
}

/** What of a line no moment of the window needs; all else is added to `used`. */
async function oldOf(
  { vault, now, signal }: SweepParts,
  line: Line,
  windowMs: number,
  used: Set<string>,
): Promise<string[]> {
  const bases: { readonly id: string; readonly record: BaseRecord }[] = []
  for (const id of line.bases) {
    signal.throwIfAborted()
    bases.push({ id, record: await vault.getRecord(baseName(line.id, id), baseRecord) })
  }
  bases.sort((one, other) =>
    positionOf(one.record.firstSegment) < positionOf(other.record.firstSegment) ? -1 : 1,
  )
  const begin = now.getTime() - windowMs
  const oldest = Math.max(
    0,
    bases.findLastIndex(({ record }) => Date.parse(record.time) <= begin),
  )
  const gone = bases.slice(0, oldest).map(({ id }) => baseName(line.id, id))
  for (const { record } of bases.slice(oldest)) for (const chunk of chunksOf(record.tree)) used.add(chunk)
  const first = bases[oldest] ? positionOf(bases[oldest].record.firstSegment) : ''
  for (const [name, chunk] of line.log) {
    const position = positionOf(name)
    if (position.length === 16 && position < first) gone.push(segmentName(line.id, name, chunk))
    else used.add(chunk)
  }
  await keepTails(vault, line, used)
  return gone
}

async function keepAll({ vault }: SweepParts, line: Line, used: Set<string>): Promise<void> {
  for (const id of line.bases)
    for (const chunk of chunksOf((await vault.getRecord(baseName(line.id, id), baseRecord)).tree))
      used.add(chunk)
  for (const chunk of line.log.values()) used.add(chunk)
  await keepTails(vault, line, used)
}

async function keepTails(vault: Vault, { tails }: Line, used: Set<string>): Promise<void> {
  for (const tail of tails)
    for (const { chunk } of (await vault.getRecord(tail, tailRecord)).segments) used.add(chunk)
}

function allOf(line: Line): string[] {
  return [
    ...[...line.log].map(([name, chunk]) => segmentName(line.id, name, chunk)),
    ...[...line.bases].map((id) => baseName(line.id, id)),
    ...line.tails,
  ]
}

function forget(lines: Map<string, Line>, names: readonly string[]): void {
  for (const name of names) {
    const [kind, id = '', what = ''] = name.split('/')
    const line = lines.get(id)
    if (`${kind}/` === LOG) line?.log.delete(what)
    else if (`${kind}/` === BASES) line?.bases.delete(what)
    if (line && line.log.size === 0 && line.bases.size === 0) lines.delete(id)
  }
}
