// What one deployment does on disk: writes its snapshot out, checks it, builds it. Starting it is the instance's part.
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import path from 'node:path'
import { RotatingFile } from '../base/rotating-file.ts'
import type { WorkspaceTree } from '../files/workspace-tree.ts'
import type { FinishedBuild } from '../metadata/deployments.ts'
import type { AppDirectory } from './app-directory.ts'
import type { AppYamlVariable } from './app-yaml.ts'
import { buildApp, readPackageKeys } from './build.ts'
import type { BuildOptions } from './build-options.ts'
import type { Confinement } from './confined-process.ts'
import { buildEnvironment } from './environment.ts'
import type { PackageCache } from './package-cache.ts'
import { inspectSource, type SourceFolder, startCommand } from './start-command.ts'

export interface BuildRequest extends Confinement, Pick<BuildOptions, 'sandboxFor'> {
  readonly tree: WorkspaceTree
  readonly cache: PackageCache
  readonly directory: AppDirectory
  /** Id of the deployment, whose files the tree keeps. */
  readonly deployment: string
  readonly command?: readonly string[] | undefined
  /** Directory of the Node that apps run on. */
  readonly nodeDirectory: string
  /** More variables for every command of the build. */
  readonly variables: Readonly<Record<string, string>>
  /** Refuses what the environment cannot be made of, before minutes go into a build. */
  readonly checkEnvironment: (env: readonly AppYamlVariable[]) => Promise<void>
  readonly onLine: (line: string) => void
  readonly signal: AbortSignal
}

const LARGEST_LOG = 2 * 1024 * 1024

/** Builds into a fresh directory; its log stays there even when it fails. */
export async function buildDeployment(request: BuildRequest): Promise<FinishedBuild> {
  const directory = await request.directory.freshDeployment(request.deployment)
  using log = new RotatingFile(buildLogOf(directory), { maxBytes: LARGEST_LOG })
  const onLine = (line: string) => {
    log.write(`${line}\n`)
    request.onLine(line)
  }
  try {
    return await build(request, path.join(directory, 'source'), onLine)
  } catch (error) {
    onLine(error instanceof Error ? error.message : String(error))
    throw error
  }
}

/** Everything is read and decided while the files are still ours; then they are the app's. */
async function build(
  request: BuildRequest,
  folder: string,
  onLine: (line: string) => void,
): Promise<FinishedBuild> {
  await request.tree.writeSnapshot(request.deployment, folder)
  const source = await inspectSource(folder)
  const command = startCommand(source, request.command)
  await request.checkEnvironment(source.yaml.env)
  warnOfPlaceholders(source, onLine)
  const options = { ...request, source, command, onLine, environment: await environmentFor(request) }
  const keys = await readPackageKeys(options)
  await request.directory.handOver(folder)
  const { binDirectories } = await buildApp(options, keys)
  const bins = binDirectories.filter((each) => existsSync(each))
  return { directory: folder, binDirectories: bins, command: [...command], env: [...source.yaml.env] }
}

async function environmentFor(request: BuildRequest) {
  const { directory, nodeDirectory, variables } = request
  const isOwnUser = directory.account !== undefined || request.sandboxFor !== undefined
  const home = isOwnUser ? await directory.home() : homedir()
  const npmSettings = isOwnUser ? await directory.npmSettings(request.deployment) : undefined
  return (binDirectories: readonly string[]) => ({
    ...buildEnvironment({ binDirectories, nodeDirectory, home, isOwnUser }),
    ...(npmSettings === undefined ? {} : { npm_config_userconfig: npmSettings }),
    ...variables,
  })
}

/** The log of a build as far as it is kept: its end when it was too long. Empty when there is none. */
export async function readBuildLog(directory: string): Promise<string> {
  const file = buildLogOf(directory)
  const parts = [`${file}.1`, file].map((each) => readFile(each, 'utf8').catch(() => ''))
  return (await Promise.all(parts)).join('')
}

function buildLogOf(directory: string): string {
  return path.join(directory, 'build.log')
}

/** The templates' `<…>` values are for the user to fill in; one left over explains a failure that looks like something else. */
function warnOfPlaceholders(source: SourceFolder, onLine: (line: string) => void): void {
  for (const each of source.yaml.env) {
    if ('value' in each && /^<.*>$/.test(each.value))
      onLine(`app.yaml: ${each.name} still holds the placeholder ${each.value}`)
  }
}
