// Bases: whole copies of a branch's data directory at one position of its log. From the nearest one before it, any later moment is
// reached by replaying the log. A base is never written to, so branches may share its files.
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { syncDirectory } from '../../base/files.ts'
import { removeTree } from '../../base/remove-tree.ts'
import { parseLsn, walSegmentName } from '../../postgres/index.ts'
import type { CloneResult } from '../clone-tree.ts'

const ID = /^\d{8}T\d{6}Z-[0-9a-f]{8}$/

const point = z.object({ lsn: z.string(), time: z.string() })

const baseNote = z.object({
  format: z.literal(1),
  /** Where its content ends: the first moment that it leads to. */
  lsn: z.string(),
  time: z.string(),
  timeline: z.number(),
  /** The first segment of the log that is replayed. */
  firstSegment: z.string(),
  /** The first moment that this branch may go back to through it: a branch has no past before it was made. */
  from: point,
  method: z.enum(['reflink', 'copy', 'link']),
  bytes: z.number(),
})

export type BaseNote = Readonly<z.output<typeof baseNote>>

/** A position in the log and when it was reached. */
export type HistoryPoint = Readonly<z.output<typeof point>>

export interface Base extends BaseNote {
  readonly id: string
  readonly directory: string
  /** The copy of the Postgres data directory. */
  readonly data: string
}

/** The bases of a branch, oldest first. One that cannot be read is left out. */
export async function listBases(home: string): Promise<Base[]> {
  const names = await readdir(home).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  })
  const bases = await Promise.all(names.filter((name) => ID.test(name)).map((id) => readBase(home, id)))
  return bases
    .flatMap((base) => base ?? [])
    .toSorted((one, other) => Number(parseLsn(one.lsn) - parseLsn(other.lsn)) || (one.id < other.id ? -1 : 1))
}

async function readBase(home: string, id: string): Promise<Base | undefined> {
  const directory = path.join(home, id)
  const text = await readFile(path.join(directory, 'base.json'), 'utf8').catch(() => '')
  const note = text === '' ? undefined : baseNote.safeParse(parseJson(text)).data
  return note && { ...note, id, directory, data: path.join(directory, 'data') }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** Where the past begins that bases lead to: the first position, and the earliest time, which is another one's where a clock was set back. */
export function beginOf(bases: readonly Base[]): HistoryPoint | undefined {
  const times = bases.map(({ from }) => from.time).toSorted()
  return bases[0] && { lsn: bases[0].from.lsn, time: times[0] ?? bases[0].from.time }
}

/**
 * Makes a base: `fill` makes its data directory and says what is in it; where it gives undefined there is no base. It appears whole: `flush`
 * flushes its files before. Without that nothing is flushed, for a base that is a part of something which the caller flushes.
 */
export async function makeBase(
  home: string,
  options: {
    readonly fill: (data: string) => Promise<Omit<BaseNote, 'format'> | undefined>
    readonly flush?: (directory: string) => Promise<void>
    readonly now?: Date
  },
): Promise<Base | undefined> {
  await mkdir(home, { recursive: true, mode: 0o711 })
  const stamp = (options.now ?? new Date()).toISOString().replace(/\.\d+/, '').replaceAll(/[-:]/g, '')
  const id = `${stamp}-${randomBytes(4).toString('hex')}`
  const building = path.join(home, `.${id}`)
  try {
    await mkdir(building, { mode: 0o711 })
    const note = await options.fill(path.join(building, 'data'))
    if (!note) return undefined
    const content: BaseNote = { format: 1, ...note }
    await writeFile(path.join(building, 'base.json'), `${JSON.stringify(content, undefined, 2)}\n`, {
      mode: 0o600,
    })
    await options.flush?.(building)
    const directory = path.join(home, id)
    await rename(building, directory)
    if (options.flush) await syncDirectory(home)
    return { ...content, id, directory, data: path.join(directory, 'data') }
  } finally {
    await removeTree(building)
  }
}

/** Removes a base; whole or, after a crash in between, under a name that counts as none. */
export async function removeBase(home: string, base: Base): Promise<void> {
  const aside = path.join(home, `.${base.id}`)
  await rename(base.directory, aside)
  await syncDirectory(home)
  await removeTree(aside)
}

/** Removes what a crash left half made or half removed. */
export async function sweepBases(home: string): Promise<void> {
  const names = await readdir(home).catch(() => [])
  for (const name of names) if (name.startsWith('.')) await removeTree(path.join(home, name))
}

/** What is noted of a clone that becomes a base. A running server's clone says in its label where replay begins. */
export async function noteOf(clone: CloneResult, data: string): Promise<Omit<BaseNote, 'format'>> {
  const { lsn, timeline, method, bytes } = clone
  const label = await readFile(path.join(data, 'backup_label'), 'latin1').catch(() => '')
  const labelled = /^START WAL LOCATION: \S+ \(file ([0-9A-F]{24})\)/m.exec(label)?.[1]
  // Times of the server are cut to milliseconds: what was committed in the rest of this one may be in the copy already.
  const time = labelled ? new Date(Date.parse(clone.time) + 1).toISOString() : clone.time
  const firstSegment = labelled ?? walSegmentName(timeline, parseLsn(lsn))
  return { lsn, time, timeline, firstSegment, from: { lsn, time }, method, bytes }
}
