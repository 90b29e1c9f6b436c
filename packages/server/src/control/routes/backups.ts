import { backupRoutes } from '@lakelet/api'
import { type ImplementedRoute, implementRoutes } from '../http/implementation.ts'
import type { Backups } from '../services/backups.ts'

/** `stopping` ends a backup that is being made: it would hold up the end of the server. */
export function implementBackups(backups: Backups, stopping: AbortSignal): ImplementedRoute[] {
  return implementRoutes(backupRoutes, {
    backUp: ({ body, signal }) => backups.backUp(body.to, AbortSignal.any([signal, stopping])),
  })
}
