// The rest of a workspace beside the data of its branches: its metadata, its files, its keys and settings.
import { mkdir, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { randomBytes } from 'node:crypto'
import { copyFacts } from '../metadata/copies.ts'
import type { Metadata } from '../metadata/database.ts'
import { readControlFile } from '../postgres/index.ts'
import type { Storage } from '../storage/index.ts'
import { lineOf } from './lines.ts'
import { SNAPSHOTS, stateName } from './names.ts'
import type { StateRecord } from './records.ts'
import { type TreeSource, TreeWriter } from './trees.ts'

/** Files and directories of a data directory that are taken as they are: settings, keys, certificates, the owner's token, files. */
const AS_IT_IS = ['lakelet.toml', 'secrets.key', 'databrickscfg', 'ports.json', 'tls', 'files'] as const
/** Of a branch's directory. */
const NOTES = ['manifest.json', 'login-roles.json'] as const

export interface StateParts extends TreeSource {
  readonly dataDir: string
  readonly metadata: Metadata
  readonly storage: Pick<Storage, 'paths' | 'snapshots'>
  readonly version: string
  readonly now: () => Date
  /** Lines that the store has a base of: others lead nowhere yet. */
  readonly hasBase: (line: string) => boolean
  /** Snapshots that are in the store; what is sent is added. */
  readonly snapshots: Set<string>
}

export interface SentState {
  readonly name: string
  readonly record: StateRecord
  /** Branches of the metadata that are not in it yet. */
  readonly missing: readonly string[]
}

/** Sends the workspace as it is now. `last` is given again where nothing differs from it. */
export async function sendState(parts: StateParts, last: SentState | undefined): Promise<SentState> {
  const time = parts.now()
  const scratch = path.join(parts.dataDir, 'staging')
  await mkdir(scratch, { recursive: true, mode: 0o711 })
  const copy = path.join(scratch, `.metadata.${randomBytes(4).toString('hex')}`)
  try {
    await parts.metadata.copyTo(copy)
    const facts = copyFacts(copy)
    for (const { uid } of facts.snapshots) await sendSnapshot(parts, uid)
    const { branches, missing } = await branchesOf(parts, facts.branches)
    const writer = new TreeWriter(parts)
    await writer.add(copy, 'metadata.sqlite')
    for (const name of AS_IT_IS) await writer.add(path.join(parts.dataDir, name), name)
    const record: StateRecord = {
      time: time.toISOString(),
      lakelet: parts.version,
      platform: `${process.platform}-${process.arch}`,
      tree: await writer.end(),
      branches,
      snapshots: facts.snapshots.map(({ uid }) => uid).filter((uid) => parts.snapshots.has(uid)),
    }
    const isSame =
      last && JSON.stringify({ ...record, time: '' }) === JSON.stringify({ ...last.record, time: '' })
    if (isSame) return { ...last, missing }
    const name = stateName(time)
    await parts.vault.putRecord(name, record)
    return { name, record, missing }
  } finally {
    await rm(copy, { force: true })
  }
}

async function sendSnapshot({ storage, snapshots, ...source }: StateParts, uid: string): Promise<void> {
  if (snapshots.has(uid)) return
  const { directory } = storage.snapshots.files.paths(uid)
  const writer = new TreeWriter(source)
  await writer.add(directory, 'snapshot')
  const tree = await writer.end()
  // Deleted meanwhile.
  if (tree.length === 0 || !(await storage.snapshots.files.exists(uid))) return
  await source.vault.putRecord(`${SNAPSHOTS}${uid}`, { tree })
  snapshots.add(uid)
}

async function branchesOf(
  { storage, hasBase }: StateParts,
  rows: ReturnType<typeof copyFacts>['branches'],
): Promise<{ branches: StateRecord['branches']; missing: string[] }> {
  const branches: StateRecord['branches'] = []
  const missing: string[] = []
  for (const { uid, name, windowSeconds } of rows) {
    const paths = storage.paths(uid)
    const line = await lineOf(paths.directory)
    if (line === undefined) continue
    if (!hasBase(line)) {
      missing.push(name)
      continue
    }
    const { timeline } = await readControlFile(paths.data)
    const notes: Record<string, string> = {}
    for (const note of NOTES) {
      const text = await readFile(path.join(paths.directory, note), 'utf8').catch(() => undefined)
      if (text !== undefined) notes[note] = text
    }
    branches.push({ uid, name, line, timeline, windowSeconds, notes })
  }
  return { branches, missing }
}
