// Which workspace, and how to sign in to it: the `DATABRICKS_*` variables and `.databrickscfg`, read by the rules that
// the Databricks SDKs share.
import { LakebaseError } from '../errors.ts'
import { configFile, readProfiles } from './databrickscfg.ts'
import type { Environment } from './databrickscfg.ts'

/** How to sign in to the workspace. Every field left out comes from the environment or the profile. */
export interface WorkspaceAuth {
  /** `https://…` of the workspace (DATABRICKS_HOST). */
  host?: string
  /** A personal access token, or a workspace OAuth token (DATABRICKS_TOKEN). */
  token?: string
  clientId?: string
  clientSecret?: string
  username?: string
  password?: string
  /** The profile of `.databrickscfg` (DATABRICKS_CONFIG_PROFILE). */
  profile?: string
  /** Pins one way: pat, basic, oauth-m2m, metadata-service or databricks-cli (DATABRICKS_AUTH_TYPE). */
  authType?: string
  /** The `databricks` binary (DATABRICKS_CLI_PATH). */
  cliPath?: string
  /** DATABRICKS_METADATA_SERVICE_URL. */
  metadataServiceUrl?: string
  /** OAuth scopes for machine-to-machine login, space separated; default `all-apis`. */
  scopes?: string
}

/** What was found. Empty strings count as absent, as in the SDKs. */
export interface WorkspaceSettings extends WorkspaceAuth {
  host: string
}

const keys: readonly (readonly [field: keyof WorkspaceAuth, variable: string, configKey: string])[] = [
  ['host', 'DATABRICKS_HOST', 'host'],
  ['token', 'DATABRICKS_TOKEN', 'token'],
  ['clientId', 'DATABRICKS_CLIENT_ID', 'client_id'],
  ['clientSecret', 'DATABRICKS_CLIENT_SECRET', 'client_secret'],
  ['username', 'DATABRICKS_USERNAME', 'username'],
  ['password', 'DATABRICKS_PASSWORD', 'password'],
  ['authType', 'DATABRICKS_AUTH_TYPE', 'auth_type'],
  ['cliPath', 'DATABRICKS_CLI_PATH', 'databricks_cli_path'],
  ['metadataServiceUrl', 'DATABRICKS_METADATA_SERVICE_URL', 'metadata_service_url'],
  ['scopes', '', 'scopes'],
]

/**
 * The settings in force: options, then environment, then profile. The file is read only when a profile is named or
 * nothing else says where to sign in. Rejects with CONFIGURATION when there is no host.
 */
export function workspaceSettings(options: WorkspaceAuth, env: Environment): WorkspaceSettings {
  const found: WorkspaceAuth = {}
  for (const [field, variable] of keys) {
    const value = options[field] || (variable && env[variable])
    if (value) found[field] = value
  }
  const profile = options.profile || env['DATABRICKS_CONFIG_PROFILE']
  if (profile || !(found.host || found.token || found.clientId || found.username)) {
    fillFromProfile(found, profile, env)
  }
  if (!found.host) {
    throw new LakebaseError(
      'CONFIGURATION',
      `no workspace is named: set DATABRICKS_HOST, or a profile in ${configFile(env)} (run 'databricks auth login'), or pass auth: { host }`,
    )
  }
  return { ...found, host: workspaceOrigin(found.host) }
}

function fillFromProfile(found: WorkspaceAuth, named: string | undefined, env: Environment): void {
  const profiles = readProfiles(env)
  const name = named ?? profiles.get('__settings__')?.['default_profile'] ?? 'DEFAULT'
  const profile = profiles.get(name)
  if (!profile && named) {
    const known = [...profiles.keys()].filter((each) => each !== '__settings__')
    throw new LakebaseError(
      'CONFIGURATION',
      `${configFile(env)} has no profile '${named}'; it has: ${known.join(', ') || 'none'}`,
    )
  }
  for (const [field, , configKey] of keys) {
    const value = profile?.[configKey]
    if (value && !found[field]) found[field] = value
  }
  if (profile) found.profile = name
}

/** Scheme and host only: `https://` is added where no scheme is given; path and query are dropped, as the SDKs do. */
export function workspaceOrigin(host: string): string {
  const text = /^https?:\/\//i.test(host) ? host : `https://${host}`
  try {
    return new URL(text).origin
  } catch (error) {
    throw new LakebaseError(
      'CONFIGURATION',
      `'${host}' (DATABRICKS_HOST) is not the address of a workspace: it reads https://…`,
      { cause: error },
    )
  }
}
