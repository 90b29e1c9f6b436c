// The lives of apps that must survive a kill: made and deleted step by step, each step fit to be repeated, a creation that fails undone.
import type { Caller } from '../base/caller.ts'
import { type AppRow, deleteApp, findApp, insertApp } from '../metadata/apps.ts'
import type { Metadata } from '../metadata/database.ts'
import type { OperationKind, OperationRun, Step } from '../operations/operation-kind.ts'
import type { Apps } from './apps.ts'
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

export interface DeleteApp {
  readonly name: string
}

export interface AppOperations {
  readonly create: OperationKind<CreateApp>
  readonly delete: OperationKind<DeleteApp>
  /** Why the operation failed, as it was thrown; once, and only in the process that ran it. */
  failureOf(operation: string): Error | undefined
}

export interface AppOperationsParts {
  readonly metadata: Metadata
  readonly apps: Apps
  readonly templates: AppTemplates
  readonly identities: AppIdentities
  readonly grants: AppGrants
}

export function appOperations(parts: AppOperationsParts): AppOperations {
  const failures = new Map<string, Error>()
  const create = createApp(parts)
  return {
    create: { ...create, steps: create.steps.map((step) => keepingFailure(step, failures)) },
    delete: deleteAppKind(parts),
    failureOf(operation) {
      const failure = failures.get(operation)
      failures.delete(operation)
      return failure
    },
  }
}

/** The stored error is for who polls; the one who waits in this process is given the error itself. */
function keepingFailure(step: Step<CreateApp>, failures: Map<string, Error>): Step<CreateApp> {
  return {
    ...step,
    run: async (run) => {
      try {
        return await step.run(run)
      } catch (error) {
        failures.set(run.id, error instanceof Error ? error : new Error(String(error)))
        throw error
      }
    },
  }
}

function createApp({
  metadata,
  apps,
  templates,
  identities,
  grants,
}: AppOperationsParts): OperationKind<CreateApp> {
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
        run: ({ input }) => apps.bind(input.row),
        undo: ({ input }) => apps.release(input.row),
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
          await apps.removeFiles(row)
          apps.forget(row.name)
          await deleteApp(metadata.db, row.name)
        },
      },
      {
        name: 'grant_owner',
        run: ({ input }) => grants.own(input.caller, input.row.name),
        undo: ({ input }) => grants.forget(input.row.name),
      },
      { name: 'open', run: (run) => apps.open(rowOf(run)) },
    ],
    complete: async () => ({}),
  }
}

/** Nothing is undone: a deletion that was begun goes on until it is done. */
function deleteAppKind({ metadata, apps, identities, grants }: AppOperationsParts): OperationKind<DeleteApp> {
  const withRow =
    (work: (row: AppRow) => Promise<void>) =>
    async ({ input }: OperationRun<DeleteApp>) => {
      const row = await findApp(metadata.db, input.name)
      if (row) await work(row)
    }
  return {
    name: 'delete_app',
    metadataType: 'App',
    steps: [
      { name: 'stop', run: withRow(({ name }) => apps.stop(name, 'deleted')) },
      { name: 'release_databases', run: withRow((row) => apps.release(row)) },
      { name: 'remove_files', run: withRow((row) => apps.removeFiles(row)) },
      { name: 'remove_principal', run: withRow((row) => identities.removeClient(row.client_id)) },
      { name: 'forget_grants', run: ({ input }) => grants.forget(input.name) },
    ],
    async complete(queries, { input }) {
      await deleteApp(queries, input.name)
      apps.forget(input.name)
      return {}
    },
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
