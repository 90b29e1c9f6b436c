// A Postgres in the small, as far as storage can tell: a data directory with a control file, a table of numbers, and a log; checkpoints,
// crash recovery, low-level backups, archive recovery with timelines, and marks for the archiver. What it does is what Postgres does
// (xlog.c, xlogrecovery.c, timeline.c), and like Postgres it trusts the log and the label alone: files that were copied wrongly give
// wrong numbers, or no start.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { formatLsn, parseLsn, SEGMENT_BYTES, walSegmentName } from '../../src/postgres/index.ts'
import {
  beginTimeline,
  type Body,
  type Change,
  type FindSegment,
  type LogRecord,
  placeAt,
  readRecord,
  segmentStart,
  writeRecord,
  writeTorn,
} from './log-files.ts'

const SHUT_DOWN = 1
const IN_PRODUCTION = 6

interface Control {
  readonly state: number
  readonly checkpoint: bigint
  readonly redo: bigint
  readonly timeline: number
}

/** A timeline, and where it begins. */
interface TimelineEntry {
  readonly timeline: number
  readonly begin: bigint
}

interface Table {
  rows: number[]
  /** All of the log before this is in it. */
  lsn: bigint
}

export interface ArchiveRecovery {
  readonly target: { readonly time: string } | { readonly lsn: string } | 'end'
  readonly timeline: number
  /** The directory with archived segments. */
  readonly archive: string
}

/** Where the last recovery left the old timeline. */
export interface Recovered {
  readonly lsn: string
  readonly lastCommit: Date | undefined
}

export const ENDED_BEFORE = 'recovery ended before configured recovery target was reached'

/** Makes a data directory. */
export function initialise(directory: string): void {
  for (const name of ['', 'global', 'base', 'pg_wal', 'pg_wal/archive_status'])
    mkdirSync(path.join(directory, name), { recursive: true })
  writeFileSync(path.join(directory, 'PG_VERSION'), '17\n')
  const begin = placeAt(SEGMENT_BYTES)
  writeTable(directory, { rows: [], lsn: begin })
  const body: Body = { kind: 'checkpoint', redo: formatLsn(begin), isShutdown: true, timeline: 1 }
  writeRecord(path.join(directory, 'pg_wal'), 1, begin, body)
  writeControl(directory, { state: SHUT_DOWN, checkpoint: begin, redo: begin, timeline: 1 })
}

export class SimulatedCluster {
  readonly directory: string
  readonly #archives: boolean
  /** It is a standby of nobody: what it has is all that it will have, and it writes nothing. */
  readonly #isReading: boolean
  readonly #slots = new Map<string, bigint>()
  readonly #table: Table
  #control: Control
  #insert: bigint
  #commits = 0
  readonly recovered: Recovered

  /** Starts a server; throws an error with its last words where it would not start. */
  constructor(
    directory: string,
    options: { readonly archives: boolean; readonly recovery?: ArchiveRecovery },
  ) {
    this.directory = directory
    this.#archives = options.archives
    this.#isReading = existsSync(path.join(directory, 'standby.signal'))
    this.#control = readControl(directory)
    this.#table = readTable(directory)
    const label = readLabel(directory)
    const isClean = this.#control.state === SHUT_DOWN && !label && !options.recovery
    const timeline = options.recovery?.timeline ?? label?.timeline ?? this.#control.timeline
    const entries = this.#timelines(timeline, options.recovery?.archive)
    const find = this.#finder(entries, options.recovery?.archive)
    const begin = label?.start ?? (isClean ? this.#control.checkpoint : this.#control.redo)
    const first = this.#read(find, entries, begin)
    if (!first) throw new Error(`could not locate a valid checkpoint record at ${formatLsn(begin)}`)
    if (isClean) {
      this.recovered = { lsn: formatLsn(first.end), lastCommit: undefined }
      this.#insert = first.end
    } else {
      const replayed = this.#replay(find, entries, begin, { label, target: options.recovery?.target })
      this.recovered = { lsn: formatLsn(replayed.end), lastCommit: replayed.lastCommit }
      this.#insert = replayed.end
      if (options.recovery) this.#beginTimeline(entries, replayed.end, find, options.recovery.archive)
      if (label) renameSync(path.join(directory, 'backup_label'), path.join(directory, 'backup_label.old'))
      this.#checkpoint(true)
    }
    if (this.#isReading) return
    this.#control = { ...this.#control, state: IN_PRODUCTION }
    writeControl(directory, this.#control)
  }

  get rows(): readonly number[] {
    return this.#table.rows
  }

  get insertLsn(): string {
    return formatLsn(this.#insert)
  }

  get timeline(): number {
    return this.#control.timeline
  }

  get #wal(): string {
    return path.join(this.directory, 'pg_wal')
  }

  /** Commits at `at`. */
  commit(change: Change, at: string): void {
    if (this.#isReading) throw new Error('cannot write in a read-only transaction')
    this.#commits += 1
    const { begin, end } = this.#write({ kind: 'commit', at, change })
    apply(this.#table, { begin, end, body: { kind: 'commit', at, change } })
    // Pages reach the disk whenever it suits the server, after their log.
    if (this.#commits % 3 === 0) writeTable(this.directory, this.#table)
  }

  checkpoint(): void {
    this.#checkpoint(false)
  }

  switchSegment(): void {
    if (this.#insert === placeAt(segmentStart(this.#insert))) return
    this.#write({ kind: 'switch' })
  }

  addSlot(name: string): void {
    this.#slots.set(name, this.#control.redo)
  }

  dropSlot(name: string): void {
    this.#slots.delete(name)
  }

  startBackup(): string {
    this.#checkpoint(false)
    return formatLsn(this.#control.redo)
  }

  stopBackup(start: string): { readonly lsn: string; readonly labelfile: string } {
    const { end } = this.#write({ kind: 'backup end', start })
    const begin = parseLsn(start)
    const labelfile = [
      `START WAL LOCATION: ${start} (file ${walSegmentName(this.timeline, begin)})`,
      `START TIMELINE: ${this.timeline}`,
      '',
    ].join('\n')
    this.switchSegment()
    return { lsn: formatLsn(end), labelfile }
  }

  shutDown(): void {
    if (this.#isReading) return
    if (this.#archives) this.switchSegment()
    this.#checkpoint(true)
    this.#control = { ...this.#control, state: SHUT_DOWN }
    writeControl(this.directory, this.#control)
  }

  /** Killed in the middle of writing. */
  crash(): void {
    if (!this.#isReading) writeTorn(this.#wal, this.timeline, this.#insert)
  }

  #checkpoint(isShutdown: boolean): void {
    const redo = this.#insert
    writeTable(this.directory, this.#table)
    const { begin } = this.#write({
      kind: 'checkpoint',
      redo: formatLsn(redo),
      isShutdown,
      timeline: this.timeline,
    })
    this.#control = { ...this.#control, checkpoint: begin, redo: isShutdown ? begin : redo }
    writeControl(this.directory, this.#control)
    this.#removeOld()
  }

  #write(body: Body): { readonly begin: bigint; readonly end: bigint } {
    const begin = this.#insert
    const written = writeRecord(this.#wal, this.timeline, begin, body)
    const end = body.kind === 'switch' ? placeAt(segmentStart(written - 1n) + SEGMENT_BYTES) : written
    for (let at = segmentStart(begin); at < segmentStart(end); at += SEGMENT_BYTES)
      if (this.#archives) this.#mark(walSegmentName(this.timeline, at))
    this.#insert = end
    return { begin, end: written }
  }

  #mark(name: string): void {
    const status = path.join(this.#wal, 'archive_status')
    if (!existsSync(path.join(status, `${name}.done`))) writeFileSync(path.join(status, `${name}.ready`), '')
  }

  /** As RemoveOldXlogFiles: what is older than the last checkpoint goes, once it is archived and no slot asks for it. */
  #removeOld(): void {
    const kept = [this.#control.redo, ...this.#slots.values()].reduce((one, other) =>
      one < other ? one : other,
    )
    const first = walSegmentName(1, kept).slice(8)
    for (const name of readdirSync(this.#wal).filter((each) => /^[0-9A-F]{24}$/.test(each))) {
      if (name.slice(8) >= first) continue
      const done = path.join(this.#wal, 'archive_status', `${name}.done`)
      if (!this.#archives || existsSync(done)) {
        rmSync(path.join(this.#wal, name))
        rmSync(done, { force: true })
      } else this.#mark(name)
    }
  }

  #replay(
    find: FindSegment,
    entries: readonly TimelineEntry[],
    begin: bigint,
    options: {
      readonly label: { readonly start: bigint } | undefined
      readonly target: ArchiveRecovery['target'] | undefined
    },
  ): { readonly end: bigint; readonly lastCommit: Date | undefined } {
    const { label, target = 'end' } = options
    let isConsistent = label === undefined
    let lastCommit: Date | undefined
    let at = begin
    for (;;) {
      const record = this.#read(find, entries, at)
      if (!record || isPast(record, target)) {
        if (!record && target !== 'end') throw new Error(ENDED_BEFORE)
        break
      }
      apply(this.#table, record)
      const { body } = record
      if (body.kind === 'commit') lastCommit = new Date(body.at)
      if (body.kind === 'backup end' && label && parseLsn(body.start) === label.start) isConsistent = true
      at = record.end
    }
    if (!isConsistent) throw new Error('WAL ends before end of online backup')
    return { end: at, lastCommit }
  }

  #read(find: FindSegment, entries: readonly TimelineEntry[], at: bigint): LogRecord | undefined {
    const owner = entries.findLast((entry) => at >= entry.begin)
    const found = find(at)
    if (!found || !owner || found.timeline < owner.timeline) return undefined
    const record = readRecord(find, at)
    if (record?.body.kind !== 'switch') return record
    return { ...record, end: placeAt(segmentStart(record.end - 1n) + SEGMENT_BYTES) }
  }

  #finder(entries: readonly TimelineEntry[], archive: string | undefined): FindSegment {
    return (lsn) => {
      for (const { timeline, begin } of entries.toReversed()) {
        if (segmentStart(lsn) < segmentStart(begin)) continue
        const name = walSegmentName(timeline, lsn)
        for (const directory of archive === undefined ? [this.#wal] : [archive, this.#wal]) {
          const file = path.join(directory, name)
          if (existsSync(file)) return { file, timeline }
        }
      }
      return undefined
    }
  }

  #timelines(timeline: number, archive: string | undefined): TimelineEntry[] {
    if (timeline === 1) return [{ timeline, begin: 0n }]
    const name = historyFile(timeline)
    const file = [archive, this.#wal]
      .map((directory) => directory && path.join(directory, name))
      .find((each) => each && existsSync(each))
    if (!file) throw new Error(`recovery target timeline ${timeline} does not exist`)
    const entries: TimelineEntry[] = []
    let begin = 0n
    for (const line of readFileSync(file, 'utf8').trim().split('\n')) {
      const [number = '', lsn = ''] = line.split('\t')
      entries.push({ timeline: Number(number), begin })
      begin = parseLsn(lsn)
    }
    return [...entries, { timeline, begin }]
  }

  #beginTimeline(entries: readonly TimelineEntry[], end: bigint, find: FindSegment, archive: string): void {
    const last = find(end)
    const owner = entries.findLast((entry) => end >= entry.begin)?.timeline ?? 1
    let timeline = Math.max(...entries.map((entry) => entry.timeline)) + 1
    while ([archive, this.#wal].some((directory) => existsSync(path.join(directory, historyFile(timeline)))))
      timeline += 1
    const passed = entries.filter((entry) => entry.timeline <= owner)
    const lines = passed.map((entry, index) => {
      const left = passed[index + 1]?.begin ?? end
      return `${entry.timeline}\t${formatLsn(left)}\tbefore the end\n`
    })
    writeFileSync(path.join(this.#wal, historyFile(timeline)), lines.join(''))
    if (last) beginTimeline(this.#wal, last.file, timeline, end)
    for (const name of readdirSync(this.#wal)) {
      const isLater = name.slice(8) > walSegmentName(timeline, end).slice(8)
      if (/^[0-9A-F]{24}$/.test(name) && isLater) rmSync(path.join(this.#wal, name))
    }
    this.#control = { ...this.#control, timeline }
  }
}

function isPast({ begin, body }: LogRecord, target: ArchiveRecovery['target']): boolean {
  if (target === 'end') return false
  if ('lsn' in target) return begin >= parseLsn(target.lsn)
  return body.kind === 'commit' && body.at > target.time
}

function apply(table: Table, { begin, end, body }: LogRecord): void {
  if (begin < table.lsn) return
  if (body.kind === 'commit') {
    if ('add' in body.change) table.rows = [...table.rows, body.change.add]
    if ('remove' in body.change) table.rows = []
  }
  table.lsn = end
}

function historyFile(timeline: number): string {
  return `${timeline.toString(16).toUpperCase().padStart(8, '0')}.history`
}

function readTable(directory: string): Table {
  const { rows, lsn } = JSON.parse(readFileSync(path.join(directory, 'base', 'table'), 'utf8')) as {
    rows: number[]
    lsn: string
  }
  return { rows, lsn: parseLsn(lsn) }
}

function writeTable(directory: string, { rows, lsn }: Table): void {
  const text = JSON.stringify({ rows, lsn: formatLsn(lsn) })
  writeAtOnce(path.join(directory, 'base', 'table'), text)
}

/** The places where `readControlFile` looks. */
function writeControl(directory: string, { state, checkpoint, redo, timeline }: Control): void {
  const bytes = Buffer.alloc(512)
  bytes.writeUInt32LE(1700, 8)
  bytes.writeUInt32LE(state, 16)
  bytes.writeBigUInt64LE(checkpoint, 32)
  bytes.writeBigUInt64LE(redo, 40)
  bytes.writeUInt32LE(timeline, 48)
  writeAtOnce(path.join(directory, 'global', 'pg_control'), bytes)
}

function readControl(directory: string): Control {
  const bytes = readFileSync(path.join(directory, 'global', 'pg_control'))
  return {
    state: bytes.readUInt32LE(16),
    checkpoint: bytes.readBigUInt64LE(32),
    redo: bytes.readBigUInt64LE(40),
    timeline: bytes.readUInt32LE(48),
  }
}

/** A copy that is made meanwhile sees the old or the new. */
function writeAtOnce(file: string, content: string | Buffer): void {
  writeFileSync(`${file}.tmp`, content)
  renameSync(`${file}.tmp`, file)
}

function readLabel(directory: string): { readonly start: bigint; readonly timeline: number } | undefined {
  const file = path.join(directory, 'backup_label')
  if (!existsSync(file)) return undefined
  const text = readFileSync(file, 'utf8')
  const start = /^START WAL LOCATION: (\S+)/m.exec(text)?.[1] ?? ''
  return { start: parseLsn(start), timeline: Number(/^START TIMELINE: (\d+)/m.exec(text)?.[1]) }
}
