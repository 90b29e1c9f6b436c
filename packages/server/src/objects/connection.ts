// An archive that a workspace writes to: opened, claimed, and what is in it known.
import path from 'node:path'
import type { ObjectArchiveParts } from './archive-parts.ts'
import { type Line, linesIn } from './lines.ts'
import { SNAPSHOTS } from './names.ts'
import { passphraseOf, storeOf } from './settings.ts'
import { Vault } from './vault.ts'
import { instanceOf, WriterClaim } from './writer-claim.ts'

export interface Connection {
  readonly vault: Vault
  readonly claim: WriterClaim
  readonly lines: Map<string, Line>
  /** Uids of those that are there. */
  readonly snapshots: Set<string>
}

/** LakeletErrors as `Vault.openOrBegin` and `WriterClaim.make`; StoreFailure. */
export async function connect({
  settings,
  dataDir,
  workspaceId,
  clock,
}: Pick<ObjectArchiveParts, 'settings' | 'dataDir' | 'workspaceId' | 'clock'>): Promise<Connection> {
  const store = await storeOf(settings, settings.url)
  try {
    const passphrase = await passphraseOf(settings, dataDir)
    const vault = await Vault.openOrBegin(store, passphrase, { workspaceId, now: clock.now() })
    const instance = await instanceOf(path.join(dataDir, 'archive-writer'))
    const claim = await WriterClaim.make(vault, { instance, takeOver: false, now: clock.now() })
    await vault.learnChunks()
    const lines = await linesIn(vault)
    const snapshots = new Set<string>()
    for await (const { name } of store.list(SNAPSHOTS)) snapshots.add(name.slice(SNAPSHOTS.length))
    return { vault, claim, lines, snapshots }
  } catch (error) {
    store.close()
    throw error
  }
}
