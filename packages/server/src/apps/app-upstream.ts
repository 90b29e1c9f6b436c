// Where an app answers its visitors now; one who comes while it starts is held.
import { because, LakeletError } from '../base/errors.ts'
import type { AppRow } from '../metadata/apps.ts'
import type { AppInstance } from './app-instance.ts'
import type { ListeningSocket } from './process-table.ts'
import { withoutOutput } from './without-output.ts'

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
  const { state } = instance
  const message = withoutOutput(instance.message)
  if (isDeploying() || state === 'starting') return { reason: because('app_starting'), reloads: 'yes' }
  if (wanted === 'STOPPED') return { reason: because('app_stopped'), reloads: 'no' }
  if (state === 'crashed') return { reason: because('app_crashed', { message }), reloads: 'yes' }
  const reason = message === '' ? because('app_undeployed') : because('app_deployment_failed', { message })
  return { reason, reloads: 'no' }
}
