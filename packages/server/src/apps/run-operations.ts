// Starting and stopping an app as durable operations. What is wanted of the app is stored with the operation; the step makes it so.
import { updateApp } from '../metadata/apps.ts'
import type { OperationKind } from '../operations/operation-kind.ts'
import { type LaunchParts, startActive } from './active-deployment.ts'
import type { AppDirectories } from './app-directories.ts'
import { getApp } from './app-rows.ts'
import { killAllOf } from './confined-process.ts'
import type { DeploymentRuns } from './deployment-runs.ts'

export interface NamedApp {
  readonly name: string
}

export interface RunParts extends LaunchParts {
  readonly runs: DeploymentRuns
  readonly directories: AppDirectories
}

export function startKind(parts: RunParts): OperationKind<NamedApp> {
  return {
    name: 'start_app',
    metadataType: 'App',
    steps: [
      {
        name: 'start',
        // At the start of a workspace, that starts it as soon as apps may run.
        run: async ({ input }) => (parts.runs.isOpen ? startActive(parts, input.name) : undefined),
        undo: async ({ input }) => parts.live.find(input.name)?.instance.stop(),
      },
    ],
    complete: async () => ({}),
    abandon: (queries, { input }) => updateApp(queries, input.name, { wanted: 'STOPPED' }),
  }
}

/** Nothing is undone: a stop that was begun goes on until it is done. */
export function stopKind(parts: RunParts): OperationKind<NamedApp> {
  return {
    name: 'stop_app',
    metadataType: 'App',
    steps: [
      {
        name: 'stop',
        async run({ input }) {
          await stopProcesses(parts, input.name)
          parts.live.find(input.name)?.log.add('SYSTEM', 'The app was stopped')
        },
      },
    ],
    complete: async () => ({}),
  }
}

/** Ends what runs of an app, and whatever it did to hide from its own run. One that is not open is no error. */
export async function stopProcesses(
  { metadata, live, directories }: Pick<RunParts, 'metadata' | 'live' | 'directories'>,
  name: string,
): Promise<void> {
  await live.find(name)?.instance.stop()
  const { account } = await directories.of(await getApp(metadata.db, name))
  if (account) await killAllOf(account)
}
