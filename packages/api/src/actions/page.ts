import { appActions } from './app.ts'
import { branchActions } from './branch.ts'
import { endpointActions } from './endpoint.ts'
import { projectActions } from './project.ts'
import { databaseActions, roleActions } from './catalog.ts'
import type { Condition } from './table.ts'

const tables: Readonly<
  Record<string, Readonly<Record<string, readonly Pick<Condition<never>, 'needs' | 'isForOffers'>[]>>>
> = {
  Project: projectActions,
  Branch: branchActions,
  Endpoint: endpointActions,
  Role: roleActions,
  Database: databaseActions,
  App: appActions,
}

/** `docs/actions.md`: what each action of a resource needs. */
export function actionPage(): string {
  const rows = Object.entries(tables).flatMap(([resource, actions]) =>
    Object.entries(actions).map(
      ([action, conditions]) =>
        `| ${resource} | \`${action}\` | ${conditions.map(wordsOf).join('; ') || '–'} |`,
    ),
  )
  return [
    '# Actions',
    '',
    'What must be so for an action on a resource. The tables stand in `packages/api/src/actions`; the server checks by them, and',
    'a client can ask `refusalOf` of the same tables before it offers the action. What stands in brackets is for that alone: the server',
    'does the action all the same, to no effect. This page is generated from them.',
    '',
    '| resource | action | allowed when |',
    '| --- | --- | --- |',
    ...rows,
    '',
  ].join('\n')
}

function wordsOf({ needs, isForOffers }: Pick<Condition<never>, 'needs' | 'isForOffers'>): string {
  return isForOffers ? `(${needs})` : needs
}
