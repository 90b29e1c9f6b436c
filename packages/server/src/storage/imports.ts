// Branches that come as files: unpacked beside the branches, `<dataDir>/imports/<uid>/`, and looked at, before anything is made of them.
import { rename } from 'node:fs/promises'
import path from 'node:path'
import { flushTree } from '../base/flush-tree.ts'
import { syncDirectory } from '../base/files.ts'
import { removeTree } from '../base/remove-tree.ts'
import { readControlFile, readMajor } from '../postgres/index.ts'
import { type BranchPaths, pathsIn } from './branch-files.ts'
import { type Manifest, readManifest } from './manifest.ts'
import { type SnapshotParts, Snapshots } from './snapshots.ts'

/** What was received, and what its files say of it. */
export interface ReceivedBranch {
  readonly manifest: Manifest
  readonly clone: NonNullable<Manifest['clone']>
  readonly major: number
}

export class Imports extends Snapshots {
  constructor(parts: SnapshotParts) {
    super(parts, 'imports')
  }

  /**
   * Has `unpack` fill a directory, whose `part` is what an export had in `staging`, and keeps that for the branch with this uid; nothing is left
   * where that fails. Throws an Error that says what is wrong with it where it is no branch that was shut down cleanly.
   */
  async receive(
    uid: string,
    part: string,
    unpack: (to: string) => Promise<unknown>,
  ): Promise<ReceivedBranch> {
    const building = this.files.temporary(uid)
    try {
      await unpack(building)
      const from = path.join(building, part)
      const received = await lookAt(pathsIn(from))
      await flushTree(building)
      await rename(from, this.files.paths(uid).directory)
      await syncDirectory(this.files.home)
      return received
    } finally {
      await removeTree(building)
    }
  }
}

async function lookAt(paths: BranchPaths): Promise<ReceivedBranch> {
  const known = await readManifest(paths.manifest)
  if (known.kind !== 'read' || !known.manifest.clone) throw new Error('its manifest cannot be read')
  const major = await readMajor(paths.data)
  const { isShutDown } = await readControlFile(paths.data)
  if (!isShutDown) throw new Error('its cluster was not shut down cleanly')
  return { manifest: known.manifest, clone: known.manifest.clone, major }
}
