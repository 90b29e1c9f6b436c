import { type Client, type RouteResult, scimRoutes } from '@lakelet/api'
import { defineCommand } from '../../command/define-command.ts'

export const currentUserMe = defineCommand({
  path: ['current-user', 'me'],
  summary: 'Show who you are in the workspace',
  examples: [{ run: 'lakelet current-user me --field userName', does: 'prints your user name' }],
  async handler({ workspace, out, signal }) {
    const { client } = await workspace()
    out.data(await currentUser(client, signal))
  },
})

/** The calling identity; `userName` is also its Postgres role: an email address, or a service principal's client id. */
export function currentUser(client: Client, signal: AbortSignal): Promise<RouteResult<typeof scimRoutes.me>> {
  return client.call(scimRoutes.me, {}, signal)
}
