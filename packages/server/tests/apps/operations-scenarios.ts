// Every place where an operation on an app can be killed, from the kinds themselves, and what leads there.
import type { AppOperations } from '../../src/apps/app-operations.ts'
import type { AppsApi } from './apps-api.ts'

/** `<kind>.<step>.<before|after|undo>` and `<kind>.complete` of both kinds; of a creation only what precedes the failing step is undone. */
export function failpointsOf({ create, delete: remove }: AppOperations): string[] {
  const failing = create.steps.findIndex(({ name }) => name === 'bind_databases')
  return [
    ...[create, remove].flatMap((kind) => [
      ...kind.steps.flatMap(({ name }) => [`${kind.name}.${name}.before`, `${kind.name}.${name}.after`]),
      `${kind.name}.complete`,
    ]),
    ...create.steps
      .slice(0, failing + 1)
      .flatMap((step) => ('undo' in step ? [`${create.name}.${step.name}.undo`] : [])),
  ]
}

/** Creates an app, one that cannot be created, or creates and deletes one. */
export async function act(api: AppsApi, failpoint: string): Promise<void> {
  const branch = failpoint.endsWith('.undo')
    ? 'projects/other/branches/b'
    : 'projects/my-app-db/branches/production'
  const resources = [
    { name: 'postgres', postgres: { branch, database: 'd', permission: 'CAN_CONNECT_AND_CREATE' } },
  ]
  await api.call('POST', '/api/2.0/apps?template=node-hello-world', { name: 'killed', resources })
  if (failpoint.startsWith('delete_app')) await api.call('DELETE', '/api/2.0/apps/killed')
}
