import { defineCommand } from '../../command/define-command.ts'
import type { CommandContext } from '../../command/context.ts'
import { clientFor } from '../../config/connect.ts'
import { configFilePath, readConfigFile, type Profile } from '../../config/config-file.ts'
import { normalHost } from '../../config/resolve.ts'
import { tokenSourceOf } from '../../config/token-source.ts'
import { currentUser } from '../current-user/me.ts'

/** Longest wait for one workspace. */
const TIMEOUT_MS = 5000

export const authProfiles = defineCommand({
  path: ['auth', 'profiles'],
  summary: 'List the profiles of the configuration file',
  options: { skipValidate: { summary: 'do not ask the workspaces whether the profiles work' } },
  examples: [{ run: 'lakelet auth profiles', does: 'lists the profiles and whether they work' }],
  async handler(context, { options: { skipValidate } }) {
    const file = await readConfigFile(configFilePath(context.terminal))
    const profiles = await Promise.all(
      file.profileNames.map(async (name) => {
        const values = file.profile(name) ?? {}
        return {
          name,
          host: values['host'] ?? '',
          auth_type: authTypeOf(values),
          default: name === file.defaultProfileName,
          ...(skipValidate ? {} : { valid: await isValid(context, name, values) }),
        }
      }),
    )
    context.out.data(
      { profiles },
      {
        header: skipValidate ? ['Name', 'Host'] : ['Name', 'Host', 'Valid'],
        rows: profiles.map((each) => [
          each.default ? `${each.name} (Default)` : each.name,
          each.host,
          ...('valid' in each ? [each.valid ? 'YES' : 'NO'] : []),
        ]),
      },
    )
  },
})

function authTypeOf(values: Profile): string {
  if (values['auth_type']) return values['auth_type']
  if (values['token']) return 'pat'
  return values['client_id'] ? 'oauth-m2m' : 'databricks-cli'
}

async function isValid(
  { terminal, signal }: CommandContext,
  name: string,
  values: Profile,
): Promise<boolean> {
  try {
    const host = normalHost(values['host'] ?? '')
    const tokens = tokenSourceOf({ host, values, profile: name, source: `profile ${name}` }, terminal)
    const client = clientFor(host, tokens, terminal)
    await currentUser(client, AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]))
    return true
  } catch {
    // Any reason makes it a profile that does not work; --debug shows the request.
    return false
  }
}
