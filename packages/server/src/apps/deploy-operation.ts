// A deployment as a durable operation: the databases, the build, the switch to it. Until the last is stored the app's row names the
// deployment before, and that serves: when a step fails or is ended early, what the steps did is undone.
import type { Clock } from '../base/clock.ts'
import { LakeletError } from '../base/errors.ts'
import { updateApp } from '../metadata/apps.ts'
import { type FinishedBuild, updateDeployment } from '../metadata/deployments.ts'
import type { OperationKind, OperationRun } from '../operations/operation-kind.ts'
import { launchOf, type LaunchParts } from './active-deployment.ts'
import type { AppResources } from './app-resources.ts'
import { activeDeployment, getApp, getDeployment } from './app-rows.ts'
import type { AppSweeps } from './app-sweeps.ts'
import type { DeploymentRuns } from './deployment-runs.ts'

export interface DeployApp {
  readonly name: string
  /** Id of the deployment, whose row and files are there. */
  readonly deployment: string
  /** Whether it is the active deployment, whose build is gone. */
  readonly isRebuild: boolean
}

export interface DeployParts extends LaunchParts {
  readonly clock: Clock
  readonly runs: DeploymentRuns
  readonly resources: AppResources
  readonly sweeps: AppSweeps
}

type Run = OperationRun<DeployApp>

export function deployKind(parts: DeployParts): OperationKind<DeployApp> {
  return {
    name: 'deploy_app',
    metadataType: 'AppDeployment',
    steps: [
      // Not undone: the role belongs to the resource of the app, and whatever starts the app later finds it there.
      { name: 'bind_databases', run: (run) => bindDatabases(parts, run) },
      {
        name: 'build',
        run: (run) => build(parts, run),
        undo: ({ input }) => parts.builds.discard(input.name, input.deployment),
      },
      { name: 'serve', run: (run) => serve(parts, run), undo: (run) => serveTheOneBefore(parts, run) },
    ],
    async complete(queries, { input, progress }) {
      const now = parts.clock.now().toISOString()
      const { source_code_path: source } = await getDeployment(queries, input.name, input.deployment)
      await updateDeployment(queries, input.deployment, {
        state: 'SUCCEEDED',
        message: 'Deployment succeeded',
        build: buildIn(progress),
        update_time: now,
      })
      await updateApp(queries, input.name, {
        active_deployment: input.deployment,
        default_source_code_path: source,
        update_time: now,
      })
      return {}
    },
    async abandon(queries, { input }, failure) {
      // One that served before is not to blame for the end of the workspace.
      if (input.isRebuild && failure.error_code === 'ABORTED') return
      await updateDeployment(queries, input.deployment, {
        state: 'FAILED',
        message: failure.message,
        update_time: parts.clock.now().toISOString(),
      })
    },
    ended(run, failure) {
      parts.runs.forget(run.id)
      const log = parts.live.find(run.input.name)?.log
      log?.add('SYSTEM', failure ? `Deployment failed: ${failure.message}` : 'Deployment successful')
      if (!failure && !parts.runs.ending.aborted) parts.sweeps.begin(run.input.name)
    },
  }
}

async function bindDatabases({ runs, live, metadata, resources }: DeployParts, run: Run): Promise<void> {
  const { name, deployment } = run.input
  const { source_code_path: source } = await getDeployment(metadata.db, name, deployment)
  live.of(name).log.add('SYSTEM', `Deploying ${source}`)
  await runs.during(run, async () => resources.bind(await getApp(metadata.db, name)))
}

/** What a kill cut off may be what brought the workspace down, so it is not tried again; one that served before is. */
async function begin(runs: DeploymentRuns, run: Run, work: 'builder' | 'starter'): Promise<void> {
  const beginner = run.progress[work]
  const isCutOff = beginner !== undefined && beginner !== runs.process
  if (isCutOff && !run.input.isRebuild) throw new LakeletError('deployment_interrupted')
  await run.note({ [work]: runs.process })
}

async function build({ runs, builds, metadata }: DeployParts, run: Run): Promise<void> {
  const { input, progress } = run
  if (progress['build'] !== undefined) return
  await begin(runs, run, 'builder')
  const deployment = await getDeployment(metadata.db, input.name, input.deployment)
  const finished = await runs.during(run, (signal) => builds.make(deployment, signal))
  await run.note({ build: finished })
}

async function serve(parts: DeployParts, run: Run): Promise<void> {
  const { runs, live, launcher, metadata } = parts
  const deployment = await getDeployment(metadata.db, run.input.name, run.input.deployment)
  const finished = buildIn(run.progress)
  await runs.during(run, async (signal) => {
    await runs.untilOpen(signal)
    if (run.progress['hasServed'] !== true) await begin(runs, run, 'starter')
    const { log, instance } = live.of(run.input.name)
    log.add('SYSTEM', `Starting ${finished.command.join(' ')}`)
    await instance.replace(launcher.launchOf(deployment, finished), signal)
  })
  await run.note({ hasServed: true })
}

/** Nothing to do where the new one did not come up: the instance went back by itself. Before apps may run, the start sees to it. */
async function serveTheOneBefore(parts: DeployParts, { input }: Run): Promise<void> {
  const { metadata, live, runs } = parts
  const instance = live.find(input.name)?.instance
  if (!instance || !runs.isOpen) return
  const isServing = instance.deployment === input.deployment
  if (!isServing && instance.state !== 'idle') return
  const row = await getApp(metadata.db, input.name)
  const active = await activeDeployment(metadata.db, row)
  const before = active?.deployment_id === input.deployment ? undefined : active
  const launch = before && row.wanted === 'RUNNING' && (await launchOf(parts, before))
  if (launch) await (isServing ? instance.replace(launch, runs.ending) : instance.keepRunning(launch))
  else if (isServing) await instance.stop()
}

// The step before stored it.
function buildIn(progress: Run['progress']): FinishedBuild {
  return progress['build'] as FinishedBuild
}
