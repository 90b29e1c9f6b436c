// Which workspace, as whom: the rules of the official tools, and one more at the end.
//   1. A profile named by --profile or DATABRICKS_CONFIG_PROFILE; environment variables win over its keys, one by one.
//   2. DATABRICKS_HOST and credentials in the environment, with no profile named: the file is not read.
//   3. The default profile of the configuration file.
//   4. The workspace that runs in `.lakelet` of this directory or one above, as its owner.
import { Failure, exitCodes } from '../command/failure.ts'
import type { Terminal } from '../command/terminal.ts'
import { type Profile, configFilePath, readConfigFile } from './config-file.ts'
import { nearbyWorkspaces, ownerProfile } from './local-workspace.ts'

/** Configuration keys that come from the environment too. */
const ENVIRONMENT = {
  host: 'DATABRICKS_HOST',
  token: 'DATABRICKS_TOKEN',
  client_id: 'DATABRICKS_CLIENT_ID',
  client_secret: 'DATABRICKS_CLIENT_SECRET',
  auth_type: 'DATABRICKS_AUTH_TYPE',
  workspace_id: 'DATABRICKS_WORKSPACE_ID',
} as const

/** Keys that say who one is; with one of them set and no profile named, the configuration file is not read. */
const IDENTIFYING = ['host', 'token', 'client_id', 'client_secret']

export interface Configuration {
  /** Scheme, host and port, without a trailing slash. */
  readonly host: string
  readonly values: Profile
  /** The profile it came from; absent for the environment and for a local workspace. */
  readonly profile: string | undefined
  /** Where it came from, for people. */
  readonly source: string
}

/** The configuration that applies; rejects with a Failure that says how to sign in when there is none. */
export async function resolveConfiguration(
  terminal: Terminal,
  profileOption: string | undefined,
): Promise<Configuration> {
  const environment = fromEnvironment(terminal.env)
  const named = profileOption ?? (terminal.env['DATABRICKS_CONFIG_PROFILE'] || undefined)
  if (!named && IDENTIFYING.some((key) => environment[key])) return fromValues(environment, 'the environment')
  const file = configFilePath(terminal)
  const config = await readConfigFile(file)
  const name = named ?? config.defaultProfileName
  const profile = config.profile(name)
  if (named && !profile) throw unknownProfile(named, file, config.profileNames)
  if (profile?.['host'] || named) {
    return fromValues({ ...profile, ...environment }, `profile ${name} in ${file}`, name)
  }
  return (await fromLocalWorkspace(terminal)) ?? nothingConfigured()
}

function fromEnvironment(env: Terminal['env']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(ENVIRONMENT).flatMap(([key, name]) => {
      const value = env[name]
      return value ? [[key, value]] : []
    }),
  )
}

function fromValues(values: Profile, source: string, profile?: string): Configuration {
  const { host } = values
  if (!host) {
    throw new Failure(`The configuration from ${source} names no host.`, {
      exitCode: exitCodes.unauthenticated,
      todo: 'Set DATABRICKS_HOST, or add a host to the profile.',
    })
  }
  return { host: normalHost(host), values, profile, source }
}

async function fromLocalWorkspace(terminal: Terminal): Promise<Configuration | undefined> {
  const [local] = await nearbyWorkspaces(terminal)
  return local && fromValues(await ownerProfile(local), `the workspace running at ${local.host}`)
}

/** A host as the SDKs read it: https where no scheme is given, nothing after host and port. */
export function normalHost(host: string): string {
  const withScheme = /^https?:\/\//.test(host) ? host : `https://${host}`
  try {
    return new URL(withScheme).origin
  } catch (error) {
    throw new Failure(`'${host}' is not the address of a workspace.`, {
      exitCode: exitCodes.usage,
      todo: 'Give scheme, host and port, such as http://127.0.0.1:8080.',
      cause: error,
    })
  }
}

function unknownProfile(name: string, file: string, known: readonly string[]): Failure {
  return new Failure(`${file} has no profile ${name}.`, {
    exitCode: exitCodes.unauthenticated,
    todo:
      known.length > 0
        ? `It has ${known.join(', ')}.`
        : `It has none; 'lakelet auth login --profile ${name}' makes one.`,
  })
}

function nothingConfigured(): never {
  throw new Failure('No workspace is configured and none runs in .lakelet here or above.', {
    exitCode: exitCodes.unauthenticated,
    todo: "Start one with 'lakelet up', sign in with 'lakelet auth login', or set DATABRICKS_HOST and DATABRICKS_TOKEN.",
  })
}
