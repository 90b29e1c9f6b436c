import { defineCommand } from '../../command/define-command.ts'
import type { CommandContext } from '../../command/context.ts'
import { parseDuration } from '../../command/durations.ts'
import { Failure, usageFailure } from '../../command/failure.ts'
import { loginByBrowser } from '../../config/browser-login.ts'
import {
  type ConfigFile,
  type Profile,
  configFilePath,
  readConfigFile,
  writeConfigFile,
} from '../../config/config-file.ts'
import {
  type LocalWorkspace,
  dataDirOf,
  findLocalWorkspace,
  nearbyWorkspaces,
  ownerProfile,
} from '../../config/local-workspace.ts'
import { normalHost } from '../../config/resolve.ts'
import { TokenCache } from '../../config/token-cache.ts'

/** Keys of other ways to sign in; they go when a profile gets a new one. */
const REPLACED_KEYS = [
  'token',
  'username',
  'password',
  'client_id',
  'client_secret',
  'auth_type',
  'scopes',
  'workspace_id',
  'account_id',
  'lakelet_data_dir',
  'azure_client_id',
  'azure_client_secret',
  'azure_tenant_id',
  'azure_workspace_resource_id',
  'google_service_account',
  'google_credentials',
]

export const authLogin = defineCommand({
  path: ['auth', 'login'],
  summary: 'Sign in to a workspace and keep it as a profile',
  description:
    'A workspace that runs on this machine is signed in to as its owner, without a browser. Any other address (--host) is signed in to by browser.',
  arguments: { host: { summary: 'address of the workspace', optional: true } },
  options: {
    host: { value: 'HOST', summary: 'address of the workspace, such as http://127.0.0.1:8080' },
    scopes: { value: 'SCOPES', summary: 'scopes to ask for, separated by commas' },
    timeout: {
      value: 'DURATION',
      summary: 'how long to wait for the sign-in',
      default: '1h',
      parse: parseDuration,
    },
    configureCluster: { summary: 'accepted for the official grammar; there are no clusters', hidden: true },
    configureServerless: { summary: 'accepted for the official grammar', hidden: true },
    skipWorkspace: { summary: 'accepted for the official grammar', hidden: true },
  },
  examples: [
    { run: 'lakelet auth login', does: 'signs in to the workspace running in .lakelet' },
    {
      run: 'lakelet auth login --host http://127.0.0.1:8080 --profile local',
      does: 'keeps it as profile local',
    },
  ],
  async handler(context, { arguments: { host: word }, options }) {
    if (word !== undefined && options.host !== undefined)
      throw usageFailure('Give the host once: as an argument or as --host.')
    const host = word ?? options.host ?? context.terminal.env['DATABRICKS_HOST']
    const local = await findLocal(context, host)
    if (local) await saveLocal(context, local)
    else if (host === undefined || host === '') throw nothingToSignInTo(context)
    else await signInByBrowser(context, normalHost(host), options)
  },
})

/** The workspace on this machine that is meant: by directory, by address, or the one that runs here. */
async function findLocal(
  { terminal, dataDir }: CommandContext,
  host: string | undefined,
): Promise<LocalWorkspace | undefined> {
  const candidates =
    dataDir === undefined
      ? await nearbyWorkspaces(terminal)
      : [await findLocalWorkspace(dataDirOf(terminal, dataDir))].filter((each) => each !== undefined)
  const wanted = host && normalHost(host)
  return candidates.find((each) => !wanted || each.host === wanted)
}

async function saveLocal(context: CommandContext, workspace: LocalWorkspace): Promise<void> {
  const { host = '', token = '' } = await ownerProfile(workspace)
  const values = { host, token, lakelet_data_dir: workspace.dataDir }
  await saveProfile(context, host, values, `as ${workspace.user}`)
}

async function signInByBrowser(
  context: CommandContext,
  host: string,
  options: { readonly scopes: string | undefined; readonly timeout: number },
): Promise<void> {
  const { terminal, out, signal } = context
  const scopes = options.scopes?.split(',').map((scope) => scope.trim())
  const token = await loginByBrowser({
    terminal,
    host,
    scopes: scopes ?? ['all-apis'],
    timeoutMs: options.timeout,
    note: (text) => out.note(text),
    signal,
  })
  const values = { host, ...(scopes ? { scopes: scopes.join(',') } : {}), auth_type: 'databricks-cli' }
  const name = await saveProfile(context, host, values, 'by browser')
  await new TokenCache(terminal.home).store([name, host], token)
}

async function saveProfile(
  context: CommandContext,
  host: string,
  values: Profile,
  how: string,
): Promise<string> {
  const file = configFilePath(context.terminal)
  const before = await readConfigFile(file)
  const name = chooseName(before, host, context.profile ?? context.terminal.env['DATABRICKS_CONFIG_PROFILE'])
  const after = before.withProfile(name, values, REPLACED_KEYS)
  const isFirst = before.profileNames.length === 0
  await writeConfigFile(file, isFirst && name !== 'DEFAULT' ? after.withDefaultProfile(name) : after)
  context.out.note(`Profile ${name} was successfully saved: ${host}, signed in ${how}.`)
  if (!isFirst && name !== after.defaultProfileName) {
    context.out.note(
      `Use it with --profile ${name} or DATABRICKS_CONFIG_PROFILE=${name}; ${file} has another default.`,
    )
  }
  return name
}

/** The name asked for; else the profile that has this host; else DEFAULT, unless another workspace has that name. */
function chooseName(file: ConfigFile, host: string, asked: string | undefined): string {
  if (asked) return asked
  const same = file.profileNames.find((name) => file.profile(name)?.['host']?.replace(/\/$/, '') === host)
  if (same !== undefined) return same
  return file.profile('DEFAULT')?.['host'] === undefined ? 'DEFAULT' : 'lakelet'
}

function nothingToSignInTo({ terminal, dataDir }: CommandContext): Failure {
  return new Failure(`No workspace runs in ${dataDirOf(terminal, dataDir)}, and no host was named.`, {
    todo: "Start one with 'lakelet up', name its directory with --data-dir, or give an address with --host.",
  })
}
