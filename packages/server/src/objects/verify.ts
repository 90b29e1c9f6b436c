// Reading a whole archive back: each object must be what was written, and the log of each branch must lead on from its first base to its end.
import { isLakeletError } from '../base/errors.ts'
import { linesIn } from './lines.ts'
import { baseName, CHUNKS, SNAPSHOTS } from './names.ts'
import { basesOf, logOf, readState, statesIn } from './read-archive.ts'
import { baseRecord, chunksOf, snapshotRecord, tailRecord, type Tree } from './records.ts'
import type { Vault } from './vault.ts'

export interface VerifyReport {
  readonly workspace_id: string
  readonly states: number
  readonly branches: number
  readonly segments: number
  readonly bases: number
  readonly chunks: number
  readonly bytes: number
  /** Sentences; none where all is well. */
  readonly problems: readonly string[]
}

/** What is wrong with objects is in the report; only what keeps it from being read is thrown. */
export async function verifyArchive(
  vault: Vault,
  options: { readonly onProgress?: (message: string) => void; readonly signal?: AbortSignal } = {},
): Promise<VerifyReport> {
  const { onProgress, signal } = options
  const problems: string[] = []
  const used = new Set<string>()
  const check = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    signal?.throwIfAborted()
    try {
      return await work()
    } catch (error) {
      if (!isLakeletError(error, 'object_archive_damaged')) throw error
      problems.push(error.message)
      return undefined
    }
  }
  const useTree = (tree: Tree | undefined) => {
    for (const chunk of chunksOf(tree ?? [])) used.add(chunk)
  }
  onProgress?.('states')
  const states = await statesIn(vault)
  let current: Awaited<ReturnType<typeof readState>> | undefined
  for (const each of states) {
    const state = await check(() => readState(vault, each))
    useTree(state?.tree)
    if (state) current = state
  }
  const lines = await linesIn(vault)
  const counts = { segments: 0, bases: 0 }
  for (const line of lines.values()) {
    counts.segments += line.log.size
    counts.bases += line.bases.size
    for (const chunk of line.log.values()) used.add(chunk)
    for (const id of line.bases) useTree((await check(() => vault.getRecord(baseName(line.id, id), baseRecord)))?.tree)
    for (const tail of line.tails)
      for (const { chunk } of (await check(() => vault.getRecord(tail, tailRecord)))?.segments ?? []) used.add(chunk)
  }
  for (const { name, line: id, timeline } of current?.branches ?? []) {
    onProgress?.(name)
    const line = lines.get(id)
    const [first] = line ? ((await check(() => basesOf(vault, line))) ?? []) : []
    if (!line || !first) problems.push(`${name} has no base that can be read.`)
    else {
      const found = await check(() => logOf(vault, line, { first: first.record.firstSegment, timeline }))
      if (found?.gap !== undefined) problems.push(`${name}: log is missing after the segment ${found.gap}.`)
    }
  }
  for await (const { name } of vault.store.list(SNAPSHOTS))
    useTree((await check(() => vault.getRecord(name, snapshotRecord)))?.tree)
  let [chunks, bytes] = [0, 0]
  for await (const { name, bytes: size } of vault.store.list(CHUNKS)) {
    const chunk = name.slice(-64)
    if (chunks % 100 === 0) onProgress?.(`chunk ${chunks}`)
    await check(() => vault.getChunk(chunk))
    used.delete(chunk)
    chunks += 1
    bytes += size
  }
  for (const chunk of used) problems.push(`The chunk ${chunk} is missing.`)
  return {
    ...{ workspace_id: vault.workspaceId, states: states.length, branches: current?.branches.length ?? 0 },
    ...counts,
    ...{ chunks, bytes, problems },
  }
}

