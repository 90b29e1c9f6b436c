// An app in a folder of this machine, for whoever runs it without a deployment.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { AppYamlVariable } from './app-yaml.ts'
import { platformVariables, type PlatformInput } from './environment.ts'
import { inspectSource, startCommand, withPort } from './start-command.ts'

export interface LocalApp {
  readonly command: readonly string[]
  /** What app.yaml says. */
  readonly variables: readonly AppYamlVariable[]
  readonly hasPackageJson: boolean
  /** How it names its Python packages; `none` for an app that is not in Python. */
  readonly python: 'requirements' | 'uv' | 'plain' | 'none'
}

/**
 * Reads the source in `directory`, with `entryPoint` in the place of app.yaml where one is named. LakeletError `app_yaml_invalid`,
 * `app_no_command`.
 */
export async function readLocalApp(
  directory: string,
  port: number,
  entryPoint: string | undefined,
): Promise<LocalApp> {
  const found = await inspectSource(directory)
  const yaml = entryPoint === undefined ? found.yaml : await entry(directory, entryPoint)
  const source = { ...found, yaml }
  return {
    command: withPort(startCommand(source), port),
    variables: yaml.env,
    hasPackageJson: source.packageJson !== undefined,
    python: source.python,
  }
}

async function entry(directory: string, file: string) {
  const { parseAppYaml } = await import('./app-yaml.ts')
  return parseAppYaml(await readFile(path.resolve(directory, file), 'utf8'), file)
}

/** What the platform sets for every app. */
export function variablesOfPlatform(input: PlatformInput): Record<string, string> {
  return Object.fromEntries(platformVariables(input))
}
