// Making an app as a durable operation: a creation that fails is undone.
import type { Caller } from '../base/caller.ts'
import { type AppRow, deleteApp, findApp, insertApp } from '../metadata/apps.ts'
import type { OperationKind, OperationRun } from '../operations/operation-kind.ts'
import { type AppFilesParts, removeFiles } from './app-files.ts'
import type { AppResources } from './app-resources.ts'
import type { AppGrants, AppIdentities } from './ports.ts'
import type { AppTemplates } from './templates.ts'

/** A new app: its row but what the steps find out, and who asked. */
export interface CreateApp {
  readonly row: Omit<AppRow, 'service_principal_id' | 'service_principal_name' | 'default_source_code_path'>
  readonly template: string | undefined
  /** Workspace folder that the template's files go to. */
  readonly folder: string | undefined
  readonly caller: Caller
}

export interface CreateParts extends AppFilesParts {
  readonly resources: AppResources
  readonly templates: AppTemplates
  readonly identities: AppIdentities
  readonly grants: AppGrants
}

export function createKind(parts: CreateParts): OperationKind<CreateApp> {
  const { metadata, live, resources, templates, identities, grants } = parts
  return {
    name: 'create_app',
    metadataType: 'App',
    steps: [
      {
        name: 'create_principal',
        async run({ input: { row } }) {
          const { id, name } = await identities.create(`app-${row.name}`, row.client_id)
          return { principalId: id, principalName: name }
        },
        undo: ({ input }) => identities.removeClient(input.row.client_id),
      },
      {
        name: 'copy_template',
        async run({ input: { template, folder } }) {
          if (template !== undefined && folder !== undefined) await templates.instantiate(template, folder)
        },
        async undo({ input: { folder } }) {
          if (folder !== undefined) await templates.remove(folder)
        },
      },
      {
        name: 'bind_databases',
        run: ({ input }) => resources.bind(input.row),
        undo: ({ input }) => resources.release(input.row),
      },
      {
        name: 'store',
        async run(run) {
          const row = rowOf(run)
          await metadata.transaction(async (queries) => {
            if (!(await findApp(queries, row.name))) await insertApp(queries, row)
          })
        },
        // It may be open by now: a start of the workspace opens every app that has a row.
        async undo(run) {
          const row = rowOf(run)
          await removeFiles(parts, row)
          live.forget(row.name)
          await deleteApp(metadata.db, row.name)
        },
      },
      {
        name: 'grant_owner',
        run: ({ input }) => grants.own(input.caller, input.row.name),
        undo: ({ input }) => grants.forget(input.row.name),
      },
      { name: 'open', run: (run) => live.open(rowOf(run)) },
    ],
    complete: async () => ({}),
  }
}

function rowOf({ input, progress }: OperationRun<CreateApp>): AppRow {
  return {
    ...input.row,
    service_principal_id: Number(progress['principalId']),
    service_principal_name: String(progress['principalName']),
    default_source_code_path: input.folder === undefined ? null : `/Workspace${input.folder}`,
  }
}
