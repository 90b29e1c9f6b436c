// The OAuth endpoints of a workspace: where they are, and asking the token endpoint for a token (RFC 6749).
import { z } from 'zod'
import { Failure, exitCodes } from '../command/failure.ts'

export interface OAuthToken {
  readonly accessToken: string
  readonly tokenType: string
  readonly refreshToken: string | undefined
  /** Absent where the token says nothing about its end. */
  readonly expiry: Date | undefined
}

const endpointsReply = z.object({ authorization_endpoint: z.string(), token_endpoint: z.string() })

const tokenReply = z.object({
  access_token: z.string(),
  token_type: z.string().default('Bearer'),
  refresh_token: z.string().optional(),
  expires_in: z.coerce.number().optional(),
})

const errorReply = z.object({ error: z.string(), error_description: z.string().optional() })

export interface OAuthEndpoints {
  readonly authorization: string
  readonly token: string
}

/** Reads `/oidc/.well-known/oauth-authorization-server` of `host`. */
export async function discoverEndpoints(send: typeof fetch, host: string): Promise<OAuthEndpoints> {
  const reply = await send(`${host}/oidc/.well-known/oauth-authorization-server`, {
    headers: { accept: 'application/json' },
  })
  const found = reply.ok ? endpointsReply.safeParse(await jsonOf(reply)) : undefined
  if (!found?.success) {
    throw new Failure(`${host} does not offer OAuth sign-in (HTTP ${reply.status}).`, {
      exitCode: exitCodes.unauthenticated,
      todo: 'Is this the address of a workspace?',
    })
  }
  return { authorization: found.data.authorization_endpoint, token: found.data.token_endpoint }
}

/** Asks the token endpoint; `client` authenticates by HTTP Basic. */
export async function requestToken(
  send: typeof fetch,
  host: string,
  form: Readonly<Record<string, string>>,
  client?: { readonly clientId: string; readonly clientSecret: string },
): Promise<OAuthToken> {
  const { token: url } = await discoverEndpoints(send, host)
  const headers: Record<string, string> = {
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
  }
  if (client) {
    const pair = Buffer.from(`${client.clientId}:${client.clientSecret}`).toString('base64')
    headers['authorization'] = `Basic ${pair}`
  }
  const reply = await send(url, { method: 'POST', headers, body: new URLSearchParams(form).toString() })
  const body = await jsonOf(reply)
  const granted = reply.ok ? tokenReply.safeParse(body) : undefined
  if (!granted?.success) throw refused(host, reply.status, body)
  const { access_token, token_type, refresh_token, expires_in } = granted.data
  return {
    accessToken: access_token,
    tokenType: token_type,
    refreshToken: refresh_token,
    expiry: expires_in === undefined ? undefined : new Date(Date.now() + expires_in * 1000),
  }
}

async function jsonOf(reply: Response): Promise<unknown> {
  try {
    return await reply.json()
  } catch {
    // Not JSON: the caller's schema refuses it and says what the status was.
    return undefined
  }
}

function refused(host: string, status: number, body: unknown): Failure {
  const error = errorReply.safeParse(body)
  const why = error.success ? (error.data.error_description ?? error.data.error) : `HTTP ${status}`
  return new Failure(`${host} gave no token: ${why}.`.replace('..', '.'), {
    exitCode: exitCodes.unauthenticated,
    todo: `Sign in again with 'lakelet auth login --host ${host}', or check client_id and client_secret.`,
  })
}
