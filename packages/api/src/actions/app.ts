import { LakeletError } from '../errors/lakelet-error.ts'
import type { App } from '../resources/apps.ts'
import type { ActionTable, Condition } from './table.ts'

/** An app as its actions look at it. */
export interface AppSubject {
  readonly name: string
  /** State of its compute. */
  readonly state: App['compute_status']['state']
  readonly isDeploying: boolean
  readonly isServing: boolean
  readonly isDeployed: boolean
}

/** An app, as the API shows it, in the eyes of `appActions`. */
export function appSubject(app: App): AppSubject {
  return {
    name: app.name,
    state: app.compute_status.state,
    isDeploying: app.pending_deployment !== undefined,
    isServing: app.app_status.state === 'RUNNING',
    isDeployed: app.active_deployment !== undefined,
  }
}

function isInState(state: AppSubject['state'], action: string): Condition<AppSubject> {
  return {
    needs: `the state of its compute is ${state}`,
    refusal: (app) =>
      app.state === state
        ? undefined
        : new LakeletError('app_state', { action, name: app.name, state: app.state }),
  }
}

const hasNoDeploymentInProgress: Condition<AppSubject> = {
  needs: 'no deployment of it is in progress',
  refusal: ({ isDeploying, name }) =>
    isDeploying ? new LakeletError('deployment_in_progress', { name }) : undefined,
}

const isDeployed: Condition<AppSubject> = {
  needs: 'it has been deployed',
  refusal: ({ isDeployed: has, name }) => (has ? undefined : new LakeletError('app_not_deployed', { name })),
}

const isServing: Condition<AppSubject> = {
  needs: 'it is running',
  refusal: ({ isServing: does, name }) => (does ? undefined : new LakeletError('app_not_running', { name })),
}

export const appActions = {
  start: [isInState('STOPPED', 'start')],
  stop: [isInState('ACTIVE', 'stop')],
  deploy: [isInState('ACTIVE', 'deploy'), hasNoDeploymentInProgress],
  /** Visiting its address. */
  open: [isDeployed, isServing],
} as const satisfies ActionTable<AppSubject>
