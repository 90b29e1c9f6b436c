// Where an app answers its visitors now; one who comes while it starts is held.
import { LakeletError } from '../base/errors.ts'
import type { AppRow } from '../metadata/apps.ts'
import type { AppInstance } from './app-instance.ts'
import type { ListeningSocket } from './process-table.ts'

export interface UpstreamParts {
  readonly name: string
  readonly instance: AppInstance
  readonly row: () => Promise<AppRow>
  readonly isDeploying: () => boolean
  /** Aborted when the workspace stops. */
  readonly ending: AbortSignal
}

/** How long a visitor is held while the app starts. */
const HOLD_MS = 20_000

/** The app's socket; LakeletError `app_unavailable` with the reason where there is none. */
export async function upstreamOf(parts: UpstreamParts, signal: AbortSignal): Promise<ListeningSocket> {
  const { name, instance } = parts
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(HOLD_MS), parts.ending])
  const over = new Promise<void>((resolve) => {
    deadline.addEventListener('abort', () => {
      resolve()
    })
  })
  while (!instance.socket && instance.state === 'starting' && !deadline.aborted)
    await Promise.race([instance.changed(), over])
  signal.throwIfAborted()
  if (instance.socket) return instance.socket
  throw new LakeletError('app_unavailable', { name, ...(await whyUnavailable(parts)) })
}

async function whyUnavailable({ instance, row, isDeploying }: UpstreamParts) {
  const { wanted } = await row()
  const { state, message } = instance
  if (isDeploying() || state === 'starting')
    return { reason: 'it is being deployed. This page looks again by itself.', reloads: 'yes' }
  if (wanted === 'STOPPED') return { reason: 'it is stopped. Start it first.', reloads: 'no' }
  if (state === 'crashed')
    return { reason: `it crashed and will be started again.\n${message}`, reloads: 'yes' }
  const failed = message === '' ? '' : ` The last deployment failed:\n${message}`
  return { reason: `it has not been deployed yet.${failed}`, reloads: 'no' }
}
