// Deleting an app as a durable operation. Nothing is undone: a deletion that was begun goes on until it is done.
import { type AppRow, deleteApp, findApp } from '../metadata/apps.ts'
import type { OperationKind, OperationRun } from '../operations/operation-kind.ts'
import { type AppFilesParts, removeFiles } from './app-files.ts'
import type { AppResources } from './app-resources.ts'
import type { AppGrants, AppIdentities } from './ports.ts'
import { stopProcesses } from './run-operations.ts'

export interface DeleteApp {
  readonly name: string
}

export interface DeleteParts extends AppFilesParts {
  readonly resources: AppResources
  readonly identities: AppIdentities
  readonly grants: AppGrants
}

export function deleteKind(parts: DeleteParts): OperationKind<DeleteApp> {
  const { metadata, live, resources, identities, grants } = parts
  const withRow =
    (work: (row: AppRow) => Promise<void>) =>
    async ({ input, signal }: OperationRun<DeleteApp>) => {
      const row = await findApp(metadata.db, input.name)
      if (row) await work(row)
      // What a stop of the workspace cut short is done again at the next start.
      signal.throwIfAborted()
    }
  return {
    name: 'delete_app',
    metadataType: 'App',
    steps: [
      { name: 'stop', run: withRow(({ name }) => stopProcesses(parts, name)) },
      { name: 'release_databases', run: withRow((row) => resources.release(row)) },
      { name: 'remove_files', run: withRow((row) => removeFiles(parts, row)) },
      { name: 'remove_principal', run: withRow((row) => identities.removeClient(row.client_id)) },
      { name: 'forget_grants', run: ({ input }) => grants.forget(input.name) },
    ],
    async complete(queries, { input }) {
      await deleteApp(queries, input.name)
      live.forget(input.name)
      return {}
    },
  }
}
