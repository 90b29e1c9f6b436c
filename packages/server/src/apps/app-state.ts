import type { App, AppSubject } from '@lakelet/api'
import type { AppRow } from '../metadata/apps.ts'
import type { InstanceState } from './app-instance.ts'

/** The state of an app's compute, from what is wanted of the app and what its instance does. */
export function computeStateOf(
  { wanted }: Pick<AppRow, 'wanted'>,
  instance: InstanceState,
): App['compute_status']['state'] {
  if (wanted === 'DELETED') return 'DELETING'
  if (wanted === 'RUNNING') return 'ACTIVE'
  return instance === 'idle' ? 'STOPPED' : 'STOPPING'
}

/** An app in the eyes of the contract's `appActions`. */
export function appSubjectOf(row: AppRow, instance: InstanceState, isDeploying: boolean): AppSubject {
  return {
    name: row.name,
    state: computeStateOf(row, instance),
    isDeploying,
    isServing: row.wanted === 'RUNNING' && instance === 'running',
    isDeployed: row.active_deployment !== null,
  }
}
