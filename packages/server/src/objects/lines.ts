// One line in the store: the log, the tail and the bases of one data directory.
import { open, readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { writeFileAtomic } from '../base/files.ts'
import { type Archives, type BranchPaths, isArchivedName, isSegment, listBases } from '../storage/index.ts'
import { BASES, baseName, LINE, LOG, newLine, segmentName, TAILS, tailName } from './names.ts'
import { type TreeSource, TreeWriter } from './trees.ts'
import type { Vault } from './vault.ts'

/** In the directory of a branch: which line it is. It goes where the files go. */
const NOTE = 'archive-line'

export interface Waiting {
  readonly bytes: number
  /** When it was complete. */
  readonly since: Date
}

/** What of a line the store has, and what it does not have yet. */
export class Line {
  readonly id: string
  /** Segments and histories in the store, with their chunks. */
  readonly log = new Map<string, string>()
  readonly bases = new Set<string>()
  readonly tails: string[] = []
  /** Segments, histories and bases that are complete and not in the store. */
  readonly waiting = new Map<string, Waiting>()
  /** What the last tail was made of, and what those files looked like. */
  #tail = { said: '', seen: '' }

  constructor(id: string) {
    this.id = id
  }

  /** Looks what there is to send. The directory may be gone: then nothing is. */
  async look(paths: BranchPaths, archives: Archives): Promise<void> {
    const found = new Map<string, Waiting>()
    for (const { name, bytes, time } of await archives.storeOf(paths.data).list())
      if (!this.log.has(name)) found.set(name, { bytes, since: time })
    for (const base of await listBases(paths.bases)) {
      if (this.bases.has(base.id)) continue
      const { mtime } = await stat(base.directory).catch(() => ({ mtime: new Date() }))
      found.set(base.id, { bytes: base.method === 'link' ? 0 : base.bytes, since: mtime })
    }
    this.waiting.clear()
    for (const [name, each] of found) this.waiting.set(name, each)
  }

  /** Sends what `look` found, the log first; then what there is of segments that are not complete. */
  async send(paths: BranchPaths, source: TreeSource & { readonly now: () => Date }): Promise<void> {
    const { vault, signal } = source
    const complete = Array.from(this.waiting.keys()).filter(isArchivedName).toSorted()
    for (const name of complete) {
      signal?.throwIfAborted()
      const content = await readWhole(path.join(paths.archive, name))
      // Forgotten meanwhile, as nothing needs it any more.
      if (content) await this.#sendSegment(vault, name, content)
      this.waiting.delete(name)
    }
    for (const base of await listBases(paths.bases)) {
      if (this.bases.has(base.id)) continue
      const writer = new TreeWriter(source)
      await writer.add(base.data, 'data')
      const tree = await writer.end()
      // Forgotten meanwhile: what was read of it is not whole.
      if (!(await isThere(path.join(base.directory, 'base.json')))) continue
      const { lsn, time, from, firstSegment, timeline } = base
      await vault.putRecord(baseName(this.id, base.id), {
        lsn,
        time,
        from: from.time,
        firstSegment,
        timeline,
        tree,
      })
      this.bases.add(base.id)
      this.waiting.delete(base.id)
    }
    await this.#sendTail(paths, source)
  }

  async #sendSegment(vault: Vault, name: string, content: Buffer): Promise<void> {
    const trimmed = withoutZeros(content)
    const chunk = await vault.putChunk(trimmed)
    await vault.putRecord(segmentName(this.id, name, chunk), { bytes: content.length })
    this.log.set(name, chunk)
  }

  /** What is in pg_wal and not in the archive, as it is at this moment: recovery reads it as far as it is whole. */
  async #sendTail(
    paths: BranchPaths,
    { vault, now }: { readonly vault: Vault; readonly now: () => Date },
  ): Promise<void> {
    const wal = path.join(paths.data, 'pg_wal')
    const names = await readdir(wal).catch(() => [])
    const unfinished = names.filter((each) => isSegment(each) && !this.log.has(each)).toSorted()
    const seen = await lookOf(wal, unfinished)
    // Postgres writes nothing while nothing happens.
    if (seen === this.#tail.seen) return
    const time = now()
    const segments: { name: string; bytes: number; chunk: string }[] = []
    for (const name of unfinished) {
      const content = await readWhole(path.join(wal, name))
      const trimmed = content && withoutZeros(content)
      if (!content || !trimmed || trimmed.length === 0) continue
      segments.push({ name, bytes: content.length, chunk: await vault.putChunk(trimmed) })
    }
    const said = JSON.stringify(segments)
    if (said === this.#tail.said) {
      this.#tail = { said, seen }
      return
    }
    const name = tailName(this.id, time)
    await vault.putRecord(name, { time: time.toISOString(), segments })
    this.#tail = { said, seen }
    // The one before stays: this one may be lost by a store that says it has it and has not.
    this.tails.push(name)
    const old = this.tails.splice(0, Math.max(0, this.tails.length - 2))
    if (old.length > 0) await vault.delete(old)
  }
}

/** The line of a branch's directory; a new one where it has none. Undefined where there is no directory. */
export async function lineOf(directory: string): Promise<string | undefined> {
  const note = path.join(directory, NOTE)
  const known = (await readFile(note, 'utf8').catch(() => '')).trim()
  if (LINE.test(known)) return known
  if (!(await isThere(directory))) return undefined
  const line = newLine()
  await writeFileAtomic(note, line)
  return line
}

/** All lines of which the store has anything. */
export async function linesIn(vault: Vault): Promise<Map<string, Line>> {
  const lines = new Map<string, Line>()
  const lineFor = (id: string) => {
    const line = lines.get(id) ?? new Line(id)
    lines.set(id, line)
    return line
  }
  for await (const { name } of vault.store.list(LOG)) {
    const [, id = '', segment = '', chunk = ''] = name.split('/')
    lineFor(id).log.set(segment, chunk)
  }
  for await (const { name } of vault.store.list(BASES)) {
    const [, id = '', base = ''] = name.split('/')
    lineFor(id).bases.add(base)
  }
  for await (const { name } of vault.store.list(TAILS)) lineFor(name.split('/')[1] ?? '').tails.push(name)
  return lines
}

async function lookOf(directory: string, names: readonly string[]): Promise<string> {
  const looks = names.map(async (name) => {
    const { mtimeMs, size } = await stat(path.join(directory, name)).catch(() => ({ mtimeMs: 0, size: 0 }))
    return `${name} ${mtimeMs} ${size}`
  })
  return (await Promise.all(looks)).join('\n')
}

/** Without the zeros at the end, a page at a time; the record says how long it was. */
function withoutZeros(content: Buffer): Buffer {
  const zeros = Buffer.alloc(8192)
  let end = content.length
  while (end >= zeros.length && content.subarray(end - zeros.length, end).equals(zeros)) end -= zeros.length
  return content.subarray(0, end)
}

async function readWhole(file: string): Promise<Buffer | undefined> {
  try {
    await using handle = await open(file, 'r')
    return await handle.readFile()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  )
}
