// Database credentials over the REST API.
import type { DatabaseCredentialReply } from '@lakelet/api'
import type { Caller } from '../../base/caller.ts'
import { LakeletError } from '../../base/errors.ts'
import type { DatabaseCredentials } from '../../identity/database-credentials.ts'

/** What the service asks about endpoints. */
export interface CredentialEndpoints {
  /** The full resource name of the endpoint that `name` (with ids or uids) stands for; undefined when there is none. */
  endpointName(name: string): Promise<string | undefined> | string | undefined
}

export interface CredentialBody {
  readonly endpoint?: string | undefined
  readonly ttl?: string | undefined
  readonly expire_time?: string | undefined
  readonly group_name?: string | undefined
  readonly claims?: readonly object[] | undefined
}

/** A token for the caller. Every principal may have one: what it opens is decided by the roles of the database. */
export async function generateCredential(
  caller: Caller,
  body: CredentialBody,
  parts: { readonly credentials: DatabaseCredentials; readonly endpoints: CredentialEndpoints },
): Promise<DatabaseCredentialReply> {
  if (!body.endpoint) throw new LakeletError('field_required', { field: 'endpoint' })
  const endpoint = await parts.endpoints.endpointName(body.endpoint)
  if (endpoint === undefined) throw new LakeletError('resource_not_found', { type: 'endpoint' })
  const { token, expireTime } = parts.credentials.issue(caller, {
    endpoint,
    ttlSeconds: body.ttl === undefined ? undefined : Number(body.ttl.slice(0, -1)),
    expireTime: body.expire_time === undefined ? undefined : new Date(body.expire_time),
    groupName: body.group_name === '' ? undefined : body.group_name,
    claims: body.claims,
  })
  return { token, expire_time: expireTime.toISOString().replace('.000Z', 'Z') }
}
