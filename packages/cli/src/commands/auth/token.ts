import { defineCommand } from '../../command/define-command.ts'

export const authToken = defineCommand({
  path: ['auth', 'token'],
  summary: 'Print a bearer token for the API as JSON',
  options: {
    forceRefresh: { summary: 'get a new one although the present one is good' },
  },
  examples: [{ run: 'lakelet auth token --field access_token', does: 'prints the token alone' }],
  async handler({ workspace, out }, { options: { forceRefresh } }) {
    const { tokens } = await workspace()
    const token = await tokens.token(forceRefresh)
    out.data({
      access_token: token.accessToken,
      token_type: token.tokenType,
      ...(token.expiry ? { expiry: token.expiry.toISOString() } : {}),
    })
  },
})
