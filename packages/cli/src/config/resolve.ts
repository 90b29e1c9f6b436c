// Which workspace, as whom. What is named decides before what is found, and what is found here before what is configured for everywhere:
//   1. --data-dir, or a profile named by --profile or DATABRICKS_CONFIG_PROFILE; environment variables win over its keys, one by one.
//   2. DATABRICKS_HOST and credentials in the environment, with no profile named: the file is not read. Then LAKELET_DATA_DIR, and the
//      workspace that wrote the file which DATABRICKS_CONFIG_FILE names.
//   3. The workspace that runs in `.lakelet` of this directory or one above, as its owner; then the one that the directory is linked to,
//      by its data directory or by a profile.
//      A workspace that is there and does not run is a failure: nothing else may take its place.
//   4. The default profile of the configuration file, if its host is this machine: whoever has a profile of the cloud as default did not
//      mean it by calling `lakelet`.
import path from 'node:path'
import { Failure, exitCodes, usageFailure } from '../command/failure.ts'
import type { Terminal } from '../command/terminal.ts'
import { type ConfigFile, type Profile, configFilePath, readConfigFile } from './config-file.ts'
import {
  type LocalWorkspace,
  type Place,
  dataDirOf,
  findLocalWorkspace,
  nearbyWorkspaces,
  notRunning,
  ownerProfile,
  placesAround,
} from './local-workspace.ts'
import { isDataDirectory } from './data-directory.ts'
import { findLink } from './link.ts'

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
  /** The workspace on this machine that it is, where one is known. */
  readonly local: LocalWorkspace | undefined
  /** Whether the command line or the directory says it: then nobody needs to be told. */
  readonly isObvious: boolean
}

/** What the command line says about the workspace. */
export interface Named {
  /** `--profile`. */
  readonly profile: string | undefined
  /** `--data-dir`. */
  readonly dataDir: string | undefined
}

/** The configuration that applies; rejects with a Failure that says how to sign in when there is none. */
export async function resolveConfiguration(terminal: Terminal, named: Named): Promise<Configuration> {
  const found = (await byName(terminal, named)) ?? (await byPlace(terminal))
  if (found) return found
  const file = configFilePath(terminal)
  const config = await readConfigFile(file)
  const name = config.defaultProfileName
  const values = { ...config.profile(name), ...fromEnvironment(terminal.env) }
  if (!values['host']) throw nothingConfigured()
  if (!isThisMachine(values['host'])) throw notNamed(config, { name, host: values['host'], file })
  return fromValues(terminal, values, `profile ${name} in ${file}`, name)
}

/** Like resolveConfiguration, for commands about a workspace of this machine. */
export async function requireLocalWorkspace(terminal: Terminal, named: Named): Promise<LocalWorkspace> {
  const { local, host, source } = await resolveConfiguration(terminal, named).catch((error: unknown) => {
    // To these commands it is not a matter of signing in.
    throw error instanceof NothingConfigured ? nothingRuns(terminal) : error
  })
  if (local) return local
  throw new Failure(`${host} (${source}) is no workspace of this machine whose data directory is known.`, {
    exitCode: exitCodes.notFound,
    todo: 'Name its directory with --data-dir, or go there.',
  })
}

/** The data directory of a workspace of this machine, whether it runs or not: found as the workspace is. */
export async function requireDataDirectory(terminal: Terminal, named: Named): Promise<string> {
  if (named.dataDir !== undefined) {
    const dataDir = dataDirOf(terminal, named.dataDir)
    if (await isDataDirectory(dataDir)) return dataDir
    throw notRunning({ kind: 'flag', dataDir })
  }
  if (named.profile !== undefined) return (await requireLocalWorkspace(terminal, named)).dataDir
  const places = await placesAround(terminal)
  for (const { dataDir } of places) if (await findLocalWorkspace(dataDir)) return dataDir
  for (const { dataDir } of places) if (await isDataDirectory(dataDir)) return dataDir
  throw nothingRuns(terminal)
}

async function byName(terminal: Terminal, { profile, dataDir }: Named): Promise<Configuration | undefined> {
  if (dataDir !== undefined) {
    if (profile !== undefined) throw usageFailure('Give --data-dir or --profile, not both.')
    return running({ kind: 'flag', dataDir: dataDirOf(terminal, dataDir) })
  }
  const environment = fromEnvironment(terminal.env)
  const name = profile ?? (terminal.env['DATABRICKS_CONFIG_PROFILE'] || undefined)
  if (name === undefined) {
    if (!IDENTIFYING.some((key) => environment[key])) return undefined
    return fromValues(terminal, environment, 'the environment')
  }
  const file = configFilePath(terminal)
  const config = await readConfigFile(file)
  const values = config.profile(name)
  if (!values) throw unknownProfile(name, file, config.profileNames)
  return fromValues(terminal, { ...values, ...environment }, `profile ${name} in ${file}`, name)
}

async function byPlace(terminal: Terminal): Promise<Configuration | undefined> {
  const places = await placesAround(terminal)
  const variable = places.find(({ kind }) => kind === 'variable')
  if (variable) return running(variable)
  // A file that was named for this call decides before the directory does.
  const file = places.some(({ kind }) => kind === 'file') ? undefined : await byNamedFile(terminal)
  if (file) return file
  for (const place of places) {
    if (place.kind === 'link') continue
    const local = await findLocalWorkspace(place.dataDir)
    if (local) return ofLocal(local, place)
  }
  for (const place of places) if (await isDataDirectory(place.dataDir)) return running(place)
  const place = places.find(({ kind }) => kind === 'link')
  return place ? running(place) : byLinkedProfile(terminal)
}

/** The profile that the link of this directory names: whoever linked it said that it is meant. */
async function byLinkedProfile(terminal: Terminal): Promise<Configuration | undefined> {
  const link = await findLink(terminal.cwd)
  if (link?.profile === undefined) return undefined
  const file = configFilePath(terminal)
  const config = await readConfigFile(file)
  const values = config.profile(link.profile)
  if (!values) throw unknownProfile(link.profile, file, config.profileNames)
  return fromValues(
    terminal,
    { ...values, ...fromEnvironment(terminal.env) },
    `profile ${link.profile} in ${file}, by ${link.file}`,
    link.profile,
  )
}

/** The default profile of the file that DATABRICKS_CONFIG_FILE names, if it is one of this machine. */
async function byNamedFile(terminal: Terminal): Promise<Configuration | undefined> {
  if (!terminal.env['DATABRICKS_CONFIG_FILE']) return undefined
  const file = configFilePath(terminal)
  const config = await readConfigFile(file)
  const name = config.defaultProfileName
  const values = { ...config.profile(name), ...fromEnvironment(terminal.env) }
  if (!values['host'] || !isThisMachine(values['host'])) return undefined
  return fromValues(terminal, values, `profile ${name} in ${file}`, name)
}

async function running(place: Place): Promise<Configuration> {
  const local = await findLocalWorkspace(place.dataDir)
  if (!local) throw notRunning(place)
  return ofLocal(local, place)
}

async function ofLocal(local: LocalWorkspace, place: Place): Promise<Configuration> {
  const values = await ownerProfile(local)
  return {
    host: normalHost(local.host),
    values,
    profile: undefined,
    source: `the workspace in ${local.dataDir}${place.kind === 'link' ? `, by ${place.link}` : ''}`,
    local,
    isObvious: place.kind === 'flag' || place.kind === 'here',
  }
}

/** Whether an address leads to this machine and to nobody else. */
export function isThisMachine(host: string): boolean {
  const { hostname } = new URL(normalHost(host))
  return hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname) || /(^|\.)localhost\.?$/.test(hostname)
}

function fromEnvironment(env: Terminal['env']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(ENVIRONMENT).flatMap(([key, name]) => {
      const value = env[name]
      return value ? [[key, value]] : []
    }),
  )
}

async function fromValues(
  terminal: Terminal,
  values: Profile,
  source: string,
  profile?: string,
): Promise<Configuration> {
  if (!values['host']) {
    throw new Failure(`The configuration from ${source} names no host.`, {
      exitCode: exitCodes.unauthenticated,
      todo: 'Set DATABRICKS_HOST, or add a host to the profile.',
    })
  }
  const host = normalHost(values['host'])
  const nearby = isThisMachine(host) ? await nearbyWorkspaces(terminal, [values['lakelet_data_dir']]) : []
  return {
    host,
    values,
    profile,
    source,
    local: nearby.find((each) => each.host === host),
    isObvious: false,
  }
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

/** Nothing is named, runs here, is linked or configured. */
export class NothingConfigured extends Failure {}

function nothingConfigured(): Failure {
  return new NothingConfigured('No workspace is configured and none runs in .lakelet here or above.', {
    exitCode: exitCodes.unauthenticated,
    todo: "Start one with 'lakelet up', sign in with 'lakelet auth login', or set DATABRICKS_HOST and DATABRICKS_TOKEN.",
  })
}

function notNamed(
  config: ConfigFile,
  { name, host, file }: { readonly name: string; readonly host: string; readonly file: string },
): Failure {
  const here = config.profileNames.filter((each) => isThisMachine(config.profile(each)?.['host'] || 'none'))
  const known = here.length > 0 ? ` Profiles of this machine: ${here.join(', ')}.` : ''
  return new NothingConfigured(
    `No workspace runs in .lakelet here or above, and ${host} is not used unasked: profile ${name} of ${file} is the default, but not of this machine.`,
    {
      exitCode: exitCodes.unauthenticated,
      todo: `Start a workspace with 'lakelet up', or say that you mean ${host} with --profile ${name}.${known}`,
    },
  )
}

function nothingRuns({ cwd }: Terminal): Failure {
  return new Failure(`No workspace runs in ${path.join(cwd, '.lakelet')} or above it.`, {
    exitCode: exitCodes.notFound,
    todo: "Start one with 'lakelet up', or name its directory with --data-dir.",
  })
}
