// Making a branch of what was kept of it elsewhere: a base, and the log from there on.
import { chown, mkdir, readdir } from 'node:fs/promises'
import path from 'node:path'
import type { Logger } from '../../base/log.ts'
import { ownerOf, type PostgresVersions } from '../../postgres/index.ts'
import { DirectoryStore } from '../archive/directory-store.ts'
import { historyName } from '../archive/wal-names.ts'
import type { BranchPaths } from '../branch-files.ts'
import { cloneTree, FileCloner } from '../clone-tree.ts'
import { isExcluded } from '../excluded-files.ts'
import { listBases } from './bases.ts'
import { recoverGathered } from './go-back.ts'
import { namesBetween, positionAt } from './share.ts'

export interface RebuiltBranch {
  readonly lsn: string
  readonly timeline: number
  /** When what was committed last was committed; undefined where that was before the base. */
  readonly lastCommit: Date | undefined
}

/**
 * Makes the data directory of a branch in whose directory there are one base and an archive, as it was at a time (RFC 3339) or as far as the log
 * leads. `tail` holds segments that were not complete. What the archive has beyond that moment is removed. Flushes nothing.
 */
export async function rebuildBranch(
  parts: { readonly postgres: PostgresVersions; readonly log: Logger },
  options: {
    readonly to: BranchPaths
    readonly timeline: number
    readonly time: string
    readonly tail: string
    readonly signal?: AbortSignal | undefined
  },
): Promise<RebuiltBranch> {
  const { to, timeline, time, tail, signal } = options
  const owner = ownerOf(parts.postgres.host)
  const bases = await listBases(to.bases)
  const base = bases.at(-1)
  if (!base) throw new Error(`there is no base in ${to.bases}`)
  const tree = await cloneTree({
    from: base.data,
    to: to.data,
    owner,
    exclude: (relative) => isExcluded(relative) && relative !== 'backup_label',
  })
  const wal = path.join(to.data, 'pg_wal')
  await mkdir(wal, { recursive: true, mode: 0o700 })
  await chown(wal, owner.uid, owner.gid)
  await mkdir(to.archive, { recursive: true, mode: 0o711 })
  const cloner = new FileCloner(owner)
  for (const name of await readdir(tail)) {
    // What the base brought of it is older.
    await cloner.replace(path.join(tail, name), path.join(wal, name))
  }
  const gathered = { timeline, bases, base, tree }
  const past = await recoverGathered(parts, { to, moment: { time }, signal }, gathered)
  const store = new DirectoryStore(to.archive)
  const names = (await store.list()).map(({ name }) => name)
  const end = positionAt(past.lsn)
  const kept = new Set(namesBetween(names, { first: base.firstSegment, end, timeline: past.timeline }))
  for (const name of names) if (!kept.has(name)) await store.delete(name)
  const history = historyName(past.timeline)
  await store.put(history, path.join(wal, history))
  return { ...past, lastCommit: past.lastCommit }
}
