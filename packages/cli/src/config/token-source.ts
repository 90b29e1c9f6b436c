// The bearer token of each request, by the kind of credentials that are configured: a token as it is, client
// credentials exchanged at the token endpoint, or a sign-in by browser kept in the token cache.
import { Failure, exitCodes } from '../command/failure.ts'
import type { Terminal } from '../command/terminal.ts'
import { type OAuthToken, requestToken } from './oauth.ts'
import type { Configuration } from './resolve.ts'
import { TokenCache } from './token-cache.ts'

export type AuthType = 'pat' | 'oauth-m2m' | 'databricks-cli'

export interface TokenSource {
  readonly authType: AuthType
  /** A token good for some minutes; `isForced` asks for a new one where there can be one. */
  token(isForced?: boolean): Promise<OAuthToken>
}

/** Seconds of life below which a token is replaced. */
const MARGIN = { m2m: 40, u2m: 300 }

/** What of a configuration says who one is. */
type Credentials = Pick<Configuration, 'host' | 'values' | 'profile' | 'source'>

/** Chooses the kind of credentials as the SDKs do: token, then client credentials, then the sign-in by browser. */
export function tokenSourceOf(configuration: Credentials, terminal: Terminal): TokenSource {
  const { values, host } = configuration
  const wanted = values['auth_type']
  const { token, client_id: clientId, client_secret: clientSecret } = values
  if (token && (!wanted || wanted === 'pat')) return patSource(token)
  if (clientId && clientSecret && (!wanted || wanted === 'oauth-m2m')) {
    return m2mSource(host, { clientId, clientSecret }, terminal)
  }
  if (wanted && wanted !== 'databricks-cli') {
    throw new Failure(
      `The configuration from ${configuration.source} has auth_type ${wanted} but not what it needs.`,
      {
        exitCode: exitCodes.unauthenticated,
        todo: 'Lakelet knows pat (token), oauth-m2m (client_id and client_secret) and databricks-cli (lakelet auth login).',
      },
    )
  }
  return u2mSource(configuration, terminal)
}

function patSource(token: string): TokenSource {
  return {
    authType: 'pat',
    token: async () => ({
      accessToken: token,
      tokenType: 'Bearer',
      expiry: undefined,
      refreshToken: undefined,
    }),
  }
}

function m2mSource(
  host: string,
  client: { readonly clientId: string; readonly clientSecret: string },
  terminal: Terminal,
): TokenSource {
  let current: OAuthToken | undefined
  return {
    authType: 'oauth-m2m',
    async token(isForced) {
      if (isForced || !current || !isGoodFor(current, MARGIN.m2m)) {
        const form = { grant_type: 'client_credentials', scope: 'all-apis' }
        current = await requestToken(terminal.fetch, host, form, client)
      }
      return current
    },
  }
}

function u2mSource(configuration: Credentials, terminal: Terminal): TokenSource {
  const cache = new TokenCache(terminal.home)
  const keys = [configuration.profile, configuration.host].filter((key) => key !== undefined)
  return {
    authType: 'databricks-cli',
    async token(isForced) {
      const cached = await cache.find(keys)
      if (!cached) throw notSignedIn(configuration, 'no sign-in is stored for it')
      if (!isForced && isGoodFor(cached.token, MARGIN.u2m)) return cached.token
      const { refreshToken } = cached.token
      if (!refreshToken) throw notSignedIn(configuration, 'its sign-in has ended')
      const form = { grant_type: 'refresh_token', refresh_token: refreshToken, client_id: 'databricks-cli' }
      const fresh = await requestToken(terminal.fetch, configuration.host, form)
      // An answer without a refresh token means that the one before stays good.
      const token = { ...fresh, refreshToken: fresh.refreshToken ?? refreshToken }
      await cache.store([cached.key], token)
      return token
    },
  }
}

function isGoodFor(token: OAuthToken, seconds: number): boolean {
  return token.expiry === undefined || token.expiry.getTime() - Date.now() > seconds * 1000
}

function notSignedIn(configuration: Credentials, why: string): Failure {
  const profile = configuration.profile ? ` --profile ${configuration.profile}` : ''
  return new Failure(`You are not signed in to ${configuration.host}: ${why}.`, {
    exitCode: exitCodes.unauthenticated,
    todo: `Run 'lakelet auth login --host ${configuration.host}${profile}'.`,
  })
}
