// The deployment that an app runs, where its build can be run as it is.
import type { Metadata } from '../metadata/database.ts'
import type { DeploymentRow } from '../metadata/deployments.ts'
import type { AppBuilds } from './app-builds.ts'
import type { Launch } from './app-instance.ts'
import type { AppLauncher } from './app-launcher.ts'
import { activeDeployment, getApp } from './app-rows.ts'
import type { LiveApps } from './live-apps.ts'

export interface LaunchParts {
  readonly metadata: Metadata
  readonly live: LiveApps
  readonly builds: AppBuilds
  readonly launcher: AppLauncher
}

/** How the deployment is started; undefined where its build is gone. */
export async function launchOf(
  { builds, launcher }: Pick<LaunchParts, 'builds' | 'launcher'>,
  deployment: DeploymentRow,
): Promise<Launch | undefined> {
  const build = await builds.whole(deployment)
  return build && launcher.launchOf(deployment, build)
}

/** Keeps the active deployment of an idle app running; nothing to do where there is none that can run. */
export async function startActive(parts: LaunchParts, name: string): Promise<void> {
  const { metadata, live } = parts
  const active = await activeDeployment(metadata.db, await getApp(metadata.db, name))
  const launch = active && (await launchOf(parts, active))
  if (launch) live.of(name).instance.keepRunning(launch)
}
