// What an archive is made of, and what it says of itself.
import type { Changes } from '../base/changes.ts'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { Metadata } from '../metadata/database.ts'
import type { Storage } from '../storage/index.ts'
import type { ArchiveSettings } from './settings.ts'

export interface ObjectArchiveParts {
  readonly settings: ArchiveSettings & { readonly url: string }
  readonly dataDir: string
  readonly workspaceId: string
  readonly version: string
  readonly postgresUid: number | undefined
  readonly metadata: Metadata
  readonly storage: Storage
  readonly changes: Changes
  readonly clock: Clock
  readonly log: Logger
}

/** How far the archive is. */
export interface ObjectArchiveStatus {
  readonly url: string
  /** `stopped`: it takes a person, as where another copy of the workspace writes there, or the passphrase is wrong. */
  readonly state: 'starting' | 'current' | 'behind' | 'failing' | 'stopped'
  readonly problem?: { readonly since: Date; readonly message: string }
  /** What is complete and not in the store yet. */
  readonly waitingBytes: number
  readonly waitingFiles: number
  /** When the oldest of it was complete. */
  readonly waitingSince?: Date
  /** As of when all was in the store. */
  readonly syncedAt?: Date
  /** Log was forgotten here that the store never got, as more than may wait did; a restore to then needs a later base. */
  readonly hasGap: boolean
}
