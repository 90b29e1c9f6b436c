// Deploys apps anew whose deployments follow their source (mode AUTO_SYNC), a moment after it changed.
import type { Caller } from '../../base/caller.ts'
import { isLakeletError } from '../../base/errors.ts'
import type { Logger } from '../../base/log.ts'
import { type AppRow, listApps } from '../../metadata/apps.ts'
import type { Metadata } from '../../metadata/database.ts'
import { type DeploymentRow, listDeployments } from '../../metadata/deployments.ts'
import type { AppDeploymentsService } from '../services/app-deployments.ts'

export interface AppSyncParts {
  readonly metadata: Metadata
  readonly deployments: AppDeploymentsService
  /** Who deployed last: what of the source they may read is deployed again. */
  readonly callerNamed: (name: string) => Caller | undefined
  readonly log: Logger
}

/**
 * Gives the rounds of one reconciler. The source is looked at when nothing changed in the workspace's files since the round before, so that
 * a copy of many files is deployed once, as a whole. A source that does not deploy is tried again when it changes.
 */
export function appSyncer(parts: AppSyncParts): () => Promise<void> {
  let seen = -1
  let done = -1
  return async () => {
    const { metadata } = parts
    const revision = metadata.changes.latestOf(['files', 'apps', 'deployments'])
    const isQuiet = revision === seen
    seen = revision
    if (!isQuiet || revision === done) return
    for (const app of await listApps(metadata.db)) if (app.wanted === 'RUNNING') await look(parts, app)
    done = revision
  }
}

async function look({ metadata, deployments, callerNamed, log }: AppSyncParts, app: AppRow): Promise<void> {
  const last = await followed(metadata, app)
  const caller = last && callerNamed(last.creator)
  if (!caller) return
  try {
    await deployments.deployIfChanged(caller, app, last)
  } catch (error) {
    if (!isLakeletError(error)) throw error
    // The folder is gone or no longer theirs to read, or something else is done with the app.
    log.info({ app: app.name, err: error }, 'the source of an app could not be followed')
  }
}

/** The app's latest deployment, where the app follows its source and nothing is under way. */
async function followed(metadata: Metadata, app: AppRow): Promise<DeploymentRow | undefined> {
  const [last] = await listDeployments(metadata.db, app.name)
  return last?.mode === 'AUTO_SYNC' && last.state !== 'IN_PROGRESS' ? last : undefined
}
