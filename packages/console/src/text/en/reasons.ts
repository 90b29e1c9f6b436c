import type { ErrorCode, ReasonCode } from '@lakelet/api'

/** Reasons against an action that are said in other words than the contract's, by their code; beside a button its name is known. */
export const reasons: Readonly<Partial<Record<ErrorCode | ReasonCode, string>>> = {
  app_not_deployed: 'It has never been deployed.',
  app_not_running: 'It does not run.',
  branch_is_default: 'It is the default branch of its project.',
  branch_protected: 'It is protected. End the protection first.',
  compute_is_active: 'It is awake already.',
  compute_is_changing: 'It is changing its state.',
  compute_is_idle: 'It is asleep already.',
  deployment_in_progress: 'A deployment is under way.',
  project_protected: 'One of its branches is protected. End that protection first.',
  endpoint_disabled: 'It is disabled. Enable it first.',
}
