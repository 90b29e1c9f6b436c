import { objectArchiveRoutes, type ObjectArchiveStatusView } from '@lakelet/api'
import { LakeletError } from '../../base/errors.ts'
import { type ImplementedRoute, implementRoutes } from '../http/implementation.ts'
import type { ObjectArchivePort, ObjectArchiveState } from '../ports.ts'

/** Handlers of `/api/2.0/lakelet/archive`; `archive` is undefined where none is configured. */
export function implementObjectArchive(archive: ObjectArchivePort | undefined): ImplementedRoute[] {
  return implementRoutes(objectArchiveRoutes, {
    getObjectArchive: () => view(archive?.status()),
    syncObjectArchive: async () => {
      if (!archive) throw new LakeletError('object_archive_off')
      return view(await archive.sync())
    },
  })
}

function view(status: ObjectArchiveState | undefined): ObjectArchiveStatusView {
  if (!status) return { state: 'off', waiting_bytes: 0, waiting_files: 0, has_gap: false }
  const { url, state, problem, waitingBytes, waitingFiles, waitingSince, syncedAt, hasGap } = status
  return {
    url,
    state,
    ...(problem ? { problem: { since: problem.since.toISOString(), message: problem.message } } : {}),
    waiting_bytes: waitingBytes,
    waiting_files: waitingFiles,
    ...(waitingSince ? { waiting_since: waitingSince.toISOString() } : {}),
    ...(syncedAt ? { synced_time: syncedAt.toISOString() } : {}),
    has_gap: hasGap,
  }
}
