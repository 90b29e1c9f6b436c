// What one deployment does on disk: writes its snapshot out, checks it, builds it. Starting it is the instance's part.
import { createWriteStream, existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { ensureDirectory } from '../base/files.ts'
import type { WorkspaceTree } from '../files/workspace-tree.ts'
import type { AppYamlVariable } from './app-yaml.ts'
import { buildApp } from './build.ts'
import type { PackageCache } from './package-cache.ts'
import { inspectSource, type SourceFolder, startCommand } from './start-command.ts'

const variable = z.union([
  z.object({ name: z.string(), value: z.string() }),
  z.object({ name: z.string(), valueFrom: z.string() }),
])

/** A finished build: all that a start needs. Stored with the deployment. */
export const finishedBuild = z.object({
  directory: z.string(),
  binDirectories: z.array(z.string()),
  command: z.array(z.string()),
  env: z.array(variable),
})
export type FinishedBuild = z.output<typeof finishedBuild>

export interface BuildRequest {
  readonly tree: WorkspaceTree
  readonly cache: PackageCache
  /** Id of the deployment, whose files the tree keeps. */
  readonly deployment: string
  readonly directory: string
  readonly mark: string
  readonly command?: readonly string[] | undefined
  /** Refuses what the environment cannot be made of, before minutes go into a build. */
  readonly checkEnvironment: (env: readonly AppYamlVariable[]) => Promise<void>
  readonly onLine: (line: string) => void
  readonly signal: AbortSignal
}

/** Builds into a fresh directory; its log stays there even when it fails. */
export async function buildDeployment(request: BuildRequest): Promise<FinishedBuild> {
  await rm(request.directory, { recursive: true, force: true })
  await ensureDirectory(request.directory)
  const log = createWriteStream(buildLogOf(request.directory), { mode: 0o600 })
  const onLine = (line: string) => {
    log.write(`${line}\n`)
    request.onLine(line)
  }
  try {
    const folder = path.join(request.directory, 'source')
    await request.tree.writeSnapshot(request.deployment, folder)
    const source = await inspectSource(folder)
    const command = startCommand(source, request.command)
    await request.checkEnvironment(source.yaml.env)
    warnOfPlaceholders(source, onLine)
    const { tree: _tree, ...rest } = request
    const { binDirectories } = await buildApp({ ...rest, source, onLine })
    const bins = binDirectories.filter((each) => existsSync(each))
    return { directory: folder, binDirectories: bins, command: [...command], env: [...source.yaml.env] }
  } catch (error) {
    onLine(error instanceof Error ? error.message : String(error))
    throw error
  } finally {
    await new Promise<void>((resolve) => {
      log.end(resolve)
    })
  }
}

export function buildLogOf(directory: string): string {
  return path.join(directory, 'build.log')
}

/** Removes everything of a deployment but its log. */
export async function discardBuild(directory: string): Promise<void> {
  await rm(path.join(directory, 'source'), { recursive: true, force: true })
  await rm(path.join(directory, 'venv'), { recursive: true, force: true })
}

/** The templates' `<…>` values are for the user to fill in; one left over explains a failure that looks like something else. */
function warnOfPlaceholders(source: SourceFolder, onLine: (line: string) => void): void {
  for (const each of source.yaml.env) {
    if ('value' in each && /^<.*>$/.test(each.value))
      onLine(`app.yaml: ${each.name} still holds the placeholder ${each.value}`)
  }
}
