import type { App } from '@lakelet/api'
import { t } from '../../text/index.ts'

/** Why each action cannot be taken in this state; undefined where it can. */
export function appReasons(app: App) {
  const isStopped = app.compute_status.state !== 'ACTIVE'
  return {
    open:
      app.app_status.state === 'RUNNING'
        ? undefined
        : app.active_deployment
          ? t.app.isNotRunning
          : t.app.notDeployed,
    deploy: isStopped ? t.app.isStopped : app.pending_deployment ? t.app.isDeploying : undefined,
  }
}
