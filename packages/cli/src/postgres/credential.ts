import { type Client, type RouteBody, type RouteResult, credentialRoutes } from '@lakelet/api'

/** A token that is the caller's Postgres password for a while; `endpoint` is a full name. */
export function databaseCredential(
  client: Client,
  endpoint: string,
  signal: AbortSignal,
  life: Pick<RouteBody<typeof credentialRoutes.generate>, 'ttl' | 'expire_time'> = {},
): Promise<RouteResult<typeof credentialRoutes.generate>> {
  return client.call(credentialRoutes.generate, { body: { endpoint, ...life } }, signal)
}
