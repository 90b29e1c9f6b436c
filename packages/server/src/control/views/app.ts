// App and AppDeployment as the API shows them. `compute_status` and a deployment's `status` are always there: clients rely on it.
import type { App, AppDeployment } from '@lakelet/api'
import { effectiveScopes } from '../../apps/app-scopes.ts'
import { computeStateOf } from '../../apps/app-state.ts'
import type { AppStatus } from '../../apps/live-apps.ts'
import { withoutOutput } from '../../apps/without-output.ts'
import type { AppRow } from '../../metadata/apps.ts'
import type { DeploymentRow } from '../../metadata/deployments.ts'

export interface AppParts {
  readonly row: AppRow
  readonly url: string
  readonly status: AppStatus
  readonly active: DeploymentRow | undefined
  readonly pending: DeploymentRow | undefined
  /** URL of its picture. */
  readonly thumbnail?: string | undefined
  readonly shown: Shown
}

/** What of it is shown to those only who may manage the app. */
export interface Shown {
  /** Values of a deployment's variables; else their names. */
  readonly values?: boolean
  /** What the app or its build wrote, where a message says why something failed. */
  readonly output: boolean
}

export function viewApp({ row, url, status, active, pending, thumbnail, shown }: AppParts): App {
  const { resources, user_api_scopes: scopes } = row
  const isStopped = row.wanted !== 'RUNNING'
  return {
    name: row.name,
    id: row.id,
    description: row.description,
    url,
    create_time: row.create_time,
    update_time: row.update_time,
    creator: row.creator,
    updater: row.updater,
    service_principal_id: row.service_principal_id,
    service_principal_client_id: row.client_id,
    service_principal_name: row.service_principal_name,
    oauth2_app_client_id: row.client_id,
    oauth2_app_integration_id: row.id,
    compute_size: row.compute_size,
    compute_status: computeStatus(row, status),
    app_status: appStatus(row, { ...status, message: messageOf(status, shown) }, pending !== undefined),
    // While an app is stopped it has none; they are back when it is started.
    ...(active && !isStopped ? { active_deployment: viewDeployment(active, shown) } : {}),
    ...(pending && !isStopped ? { pending_deployment: viewDeployment(pending, shown) } : {}),
    ...(row.default_source_code_path === null
      ? {}
      : { default_source_code_path: row.default_source_code_path }),
    ...row.other_settings,
    ...(resources.length > 0 ? { resources: [...resources] } : {}),
    ...(scopes.length > 0 ? { user_api_scopes: [...scopes] } : {}),
    effective_user_api_scopes: effectiveScopes(scopes),
    ...(thumbnail === undefined ? {} : { thumbnail_url: thumbnail }),
  }
}

/** A deployment; `GET …/deployments/{id}` gives of its variables the names only. */
export function viewDeployment(row: DeploymentRow, shown: Shown): AppDeployment {
  const env = row.env_vars
  return {
    deployment_id: row.deployment_id,
    source_code_path: row.source_code_path,
    mode: row.mode,
    status: { state: row.state, message: messageOf(row, shown) },
    ...(row.command === null ? {} : { command: [...row.command] }),
    ...(env ? { env_vars: shown.values ? [...env] : env.map(({ name }) => ({ name })) } : {}),
    ...(row.health_check === null ? {} : { health_check: row.health_check }),
    deployment_artifacts: { source_code_path: `/Workspace${row.snapshot_path}` },
    creator: row.creator,
    create_time: row.create_time,
    update_time: row.update_time,
  }
}

function messageOf({ message }: { readonly message: string }, { output }: Shown): string {
  return output ? message : withoutOutput(message)
}

function computeStatus(row: AppRow, status: AppStatus): App['compute_status'] {
  const state = computeStateOf(row, status.state)
  if (state === 'DELETING') return { state, message: 'App is being deleted.' }
  if (state === 'STOPPED')
    return { state, message: 'Start the app compute to deploy the app.', active_instances: 0 }
  if (state === 'STOPPING') return { state, message: 'App compute is stopping.' }
  return { state, message: 'App compute is active.', active_instances: 1 }
}

function appStatus(row: AppRow, status: AppStatus, isPending: boolean): App['app_status'] {
  const { state, message } = status
  if (row.wanted !== 'RUNNING') return { state: 'UNAVAILABLE', message: 'App status is unavailable.' }
  if (state === 'running') {
    return { state: 'RUNNING', message: 'App has status: App is running', running_instances: 1 }
  }
  if (isPending || state === 'starting') return { state: 'DEPLOYING', message: 'App is being deployed.' }
  if (state === 'crashed') return { state: 'CRASHED', message: `App has status: ${message}` }
  return { state: 'UNAVAILABLE', message: message || 'App status is unavailable.' }
}
