import { appActions } from './app.ts'
import { branchActions } from './branch.ts'
import { endpointActions } from './endpoint.ts'
import { projectActions } from './project.ts'
import type { Condition } from './table.ts'

const tables: Readonly<Record<string, Readonly<Record<string, readonly Pick<Condition<never>, 'needs'>[]>>>> =
  {
    Project: projectActions,
    Branch: branchActions,
    Endpoint: endpointActions,
    App: appActions,
  }

/** `docs/actions.md`: what each action of a resource needs. */
export function actionPage(): string {
  const rows = Object.entries(tables).flatMap(([resource, actions]) =>
    Object.entries(actions).map(
      ([action, conditions]) =>
        `| ${resource} | \`${action}\` | ${conditions.map(({ needs }) => needs).join('; ') || '–'} |`,
    ),
  )
  return [
    '# Actions',
    '',
    'What must be so for an action on a resource. The tables stand in `packages/api/src/actions`; the server checks by them, and',
    'a client can ask `refusalOf` of the same tables before it offers the action. This page is generated from them.',
    '',
    '| resource | action | allowed when |',
    '| --- | --- | --- |',
    ...rows,
    '',
  ].join('\n')
}
