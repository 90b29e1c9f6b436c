// New settings of an app as a durable operation: what they name is bound first, stored then, and what they name no more is released.
import { type AppChange, updateApp } from '../metadata/apps.ts'
import type { Metadata } from '../metadata/database.ts'
import type { OperationKind } from '../operations/operation-kind.ts'
import type { AppDatabaseRow, AppResources } from './app-resources.ts'

export interface UpdateApp {
  /** The app as it was. */
  readonly before: AppDatabaseRow
  readonly change: AppChange
  /** What the fields of `change` were before. */
  readonly earlier: AppChange
}

export interface UpdateParts {
  readonly metadata: Metadata
  readonly resources: AppResources
}

export function updateKind({ metadata, resources }: UpdateParts): OperationKind<UpdateApp> {
  const after = ({ before, change }: UpdateApp): AppDatabaseRow => ({
    ...before,
    resources: change.resources ?? before.resources,
  })
  return {
    name: 'update_app',
    metadataType: 'App',
    steps: [
      {
        name: 'bind_databases',
        run: async ({ input }) => (input.change.resources ? resources.bind(after(input)) : undefined),
        undo: ({ input }) => resources.release(after(input), input.before.resources),
      },
      {
        name: 'store',
        run: ({ input }) => updateApp(metadata.db, input.before.name, input.change),
        undo: ({ input }) => updateApp(metadata.db, input.before.name, input.earlier),
      },
      {
        name: 'release_databases',
        async run({ input, signal }) {
          await resources.release(input.before, after(input).resources)
          // What a stop of the workspace cut short is done again at the next start.
          signal.throwIfAborted()
        },
      },
    ],
    complete: async () => ({}),
  }
}
