// Looking into an archive to restore or to verify it.
import { isGapless, isSegment, positionOf, timelineOf } from '../storage/index.ts'
import { baseName, segmentName, STATES, timeOf } from './names.ts'
import type { Line } from './lines.ts'
import {
  type BaseRecord,
  baseRecord,
  segmentRecord,
  type StateRecord,
  stateRecord,
  tailRecord,
} from './records.ts'
import type { Vault } from './vault.ts'

export interface FoundState {
  readonly name: string
  readonly time: Date
}

/** The states there are, the oldest first. */
export async function statesIn(vault: Vault): Promise<FoundState[]> {
  const found: FoundState[] = []
  for await (const { name } of vault.store.list(STATES)) found.push({ name, time: new Date(timeOf(name)) })
  return found
}

export function readState(vault: Vault, { name }: FoundState): Promise<StateRecord> {
  return vault.getRecord(name, stateRecord)
}

export interface FoundBase {
  readonly id: string
  readonly record: BaseRecord
}

/** The bases of a line, the oldest first. */
export async function basesOf(vault: Vault, line: Line): Promise<FoundBase[]> {
  const bases = await Promise.all(
    [...line.bases].map(async (id) => ({
      id,
      record: await vault.getRecord(baseName(line.id, id), baseRecord),
    })),
  )
  return bases.toSorted((one, other) =>
    positionOf(one.record.firstSegment) < positionOf(other.record.firstSegment) ||
    (one.record.firstSegment === other.record.firstSegment && one.id < other.id)
      ? -1
      : 1,
  )
}

/** A segment of which so much was kept as there was; the rest is zeros. */
export interface FoundSegment {
  readonly name: string
  readonly bytes: number
  readonly chunk: string
  /** It was not complete. */
  readonly isTail: boolean
}

/** The log of a line as far as it leads on from a segment; `gap` names what is missing where more comes after that. */
export async function logOf(
  vault: Vault,
  line: Line,
  { first, timeline }: { readonly first: string; readonly timeline: number },
): Promise<{ readonly segments: readonly FoundSegment[]; readonly gap: string | undefined }> {
  const last = line.tails.at(-1)
  const tail = last === undefined ? [] : (await vault.getRecord(last, tailRecord)).segments
  const names = [...line.log.keys()].filter((name) => timelineOf(name) <= timeline)
  const unfinished = tail.filter(({ name }) => !line.log.has(name) && timelineOf(name) <= timeline)
  const all = [...names, ...unfinished.map(({ name }) => name)].filter(isSegment)
  const needed = all.filter((name) => positionOf(name) >= positionOf(first))
  const positions = [...new Set(needed.map(positionOf))].toSorted()
  const end = positions.find((_, index) => {
    const next = positions[index + 1]
    return next !== undefined && !isGapless(all, first, next)
  })
  const isKept = (name: string) => end === undefined || positionOf(name) <= end
  const segments: FoundSegment[] = []
  for (const name of names) {
    if (isSegment(name) && (positionOf(name) < positionOf(first) || !isKept(name))) continue
    const chunk = line.log.get(name) ?? ''
    const { bytes } = await vault.getRecord(segmentName(line.id, name, chunk), segmentRecord)
    segments.push({ name, bytes, chunk, isTail: false })
  }
  for (const each of unfinished)
    if (positionOf(each.name) >= positionOf(first) && isKept(each.name))
      segments.push({ ...each, isTail: true })
  return { segments, gap: end }
}
