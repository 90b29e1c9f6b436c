// What is run to start an app, and whether its folder holds a Node or a Python app.
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { LakeletError } from '../base/errors.ts'
import type { AppYaml } from './app-yaml.ts'

export interface SourceFolder {
  readonly directory: string
  readonly yaml: AppYaml
  /** The parsed package.json of a Node app. */
  readonly packageJson?: PackageJson
  /** How it names its Python packages; `plain` for an app in Python that names none. */
  readonly python: 'requirements' | 'uv' | 'plain' | 'none'
  readonly pythonFiles: readonly string[]
}

const packageJsonSchema = z.looseObject({
  scripts: z.record(z.string(), z.string()).optional(),
  dependencies: z.record(z.string(), z.string()).optional(),
  devDependencies: z.record(z.string(), z.string()).optional(),
  optionalDependencies: z.record(z.string(), z.string()).optional(),
  workspaces: z.unknown().optional(),
})
export type PackageJson = z.output<typeof packageJsonSchema>

/** Looks at the source in `directory`; LakeletError `app_yaml_invalid` for a mistake in app.yaml or package.json. */
export async function inspectSource(directory: string): Promise<SourceFolder> {
  const names = (await readdir(directory)).sort()
  const pythonFiles = names.filter((name) => name.endsWith('.py'))
  const packageJson = names.includes('package.json') ? await readPackageJson(directory) : undefined
  const yaml = await readAppYaml(directory, names)
  return {
    directory,
    yaml,
    ...(packageJson ? { packageJson } : {}),
    python: pythonKind({
      names,
      yaml,
      isNode: packageJson !== undefined,
      files: pythonFiles,
      isProject: names.includes('pyproject.toml') && (await isPythonProject(directory)),
    }),
    pythonFiles,
  }
}

/** The words of the start command: of the deployment, of app.yaml, or the default. LakeletError `app_no_command`. */
export function startCommand(source: SourceFolder, override?: readonly string[]): readonly string[] {
  if (override && override.length > 0) return override
  if (source.yaml.command) return source.yaml.command
  if (source.packageJson?.scripts?.['start'] !== undefined) return ['npm', 'run', 'start']
  const first = source.pythonFiles.includes('app.py') ? 'app.py' : source.pythonFiles[0]
  if (first !== undefined) return ['python', first]
  throw new LakeletError('app_no_command', { folder: path.basename(source.directory) })
}

/** The platform's only substitution in commands, which no shell ever sees. */
export function withPort(command: readonly string[], port: number): string[] {
  return command.map((word) =>
    word.replace(/\$\{DATABRICKS_APP_PORT\}|\$DATABRICKS_APP_PORT\b/g, String(port)),
  )
}

/**
 * The command with `0.0.0.0` and `[::]`, where it names them as the address to listen on, made 127.0.0.1: on the platform these are the
 * inside of a container, here they would be all interfaces of the machine.
 */
export function onLoopback(command: readonly string[]): string[] {
  return command.map((word) =>
    word.replace(/(?<![\d.])0\.0\.0\.0(?![\d./])|\[::\](?=:)/g, '127.0.0.1').replace(/^::$/, '127.0.0.1'),
  )
}

async function readAppYaml(directory: string, names: readonly string[]): Promise<AppYaml> {
  const file = ['app.yaml', 'app.yml'].find((name) => names.includes(name))
  if (file === undefined) return { env: [] }
  // The YAML library is not needed before an app is deployed.
  const { parseAppYaml } = await import('./app-yaml.ts')
  return parseAppYaml(await readFile(path.join(directory, file), 'utf8'), file)
}

async function readPackageJson(directory: string): Promise<PackageJson> {
  const text = await readFile(path.join(directory, 'package.json'), 'utf8')
  const fail = (reason: string, cause?: unknown) =>
    new LakeletError('app_yaml_invalid', { file: 'package.json', line: 1, column: 1, reason }, { cause })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw fail(error instanceof Error ? error.message : 'not JSON', error)
  }
  const parsed = packageJsonSchema.safeParse(value)
  if (!parsed.success)
    throw fail(`${parsed.error.issues[0]?.path.map(String).join('.')}: not as npm expects it`)
  return parsed.data
}

const PYTHON_PROGRAMS = /^(python[\d.]*|flask|gunicorn|uvicorn|streamlit|gradio|shiny|dash|uv|hypercorn)$/

/** Whether pyproject.toml is about a project, and not only about tools such as a linter. */
async function isPythonProject(directory: string): Promise<boolean> {
  return /^\s*\[\s*project\s*\]/m.test(await readFile(path.join(directory, 'pyproject.toml'), 'utf8'))
}

function pythonKind({
  names,
  yaml,
  isNode,
  files,
  isProject,
}: {
  readonly names: readonly string[]
  readonly yaml: AppYaml
  readonly isNode: boolean
  readonly files: readonly string[]
  readonly isProject: boolean
}): SourceFolder['python'] {
  if (names.includes('requirements.txt')) return 'requirements'
  if (names.includes('pyproject.toml') && names.includes('uv.lock')) return 'uv'
  const words = (yaml.command ?? []).flatMap((each) => each.split(/\s+/))
  const isPython =
    words.some((word) => PYTHON_PROGRAMS.test(path.basename(word))) ||
    (!isNode && (yaml.command === undefined ? files.length > 0 : isProject))
  if (!isPython) return 'none'
  return isProject ? 'uv' : 'plain'
}

/** Whether `directory` has the file; a build looks at lock files with it. */
export function hasFile(directory: string, name: string): boolean {
  return existsSync(path.join(directory, name))
}
