// Database credentials over the REST API.
import { type DatabaseCredentialReply, secondsOf } from '@lakelet/api'
import type { Caller } from '../../base/caller.ts'
import { LakeletError } from '../../base/errors.ts'
import type { DatabaseCredentials } from '../../identity/database-credentials.ts'
import { type LiveEndpoint, listLiveEndpoints } from '../../metadata/endpoints.ts'
import { findProject } from '../../metadata/projects.ts'
import type { ControlContext } from '../context.ts'
import { ReadCache } from '../read-cache.ts'
import { endpointNamed, nameOfEndpoint } from '../rules/endpoint-names.ts'
import { levelOn } from '../rules/project-access.ts'
import { hasIdentity } from '../rules/role.ts'

/** What the service asks about endpoints. */
export interface CredentialEndpoints {
  /**
   * The full resource name of the endpoint that `name` (with ids or uids) stands for; undefined when there is none, and
   * likewise when the caller must not know of it.
   */
  nameFor(caller: Caller, name: string): Promise<string | undefined> | string | undefined
}

export interface CredentialBody {
  readonly endpoint?: string | undefined
  readonly ttl?: string | undefined
  readonly expire_time?: string | undefined
  readonly group_name?: string | undefined
  readonly claims?: readonly object[] | undefined
}

/** A token for the caller. What it opens is decided by the roles of the database. */
export async function generateCredential(
  caller: Caller,
  body: CredentialBody,
  parts: { readonly credentials: DatabaseCredentials; readonly endpoints: CredentialEndpoints },
): Promise<DatabaseCredentialReply> {
  if (!body.endpoint) throw new LakeletError('field_required', { field: 'endpoint' })
  const endpoint = await parts.endpoints.nameFor(caller, body.endpoint)
  if (endpoint === undefined) throw new LakeletError('resource_not_found', { type: 'endpoint' })
  const { token, expireTime } = parts.credentials.issue(caller, {
    endpoint,
    ttlSeconds: body.ttl === undefined ? undefined : secondsOf(body.ttl),
    expireTime: body.expire_time === undefined ? undefined : new Date(body.expire_time),
    groupName: body.group_name === '' ? undefined : body.group_name,
    claims: body.claims,
  })
  return { token, expire_time: expireTime.toISOString().replace('.000Z', 'Z') }
}

/** An endpoint shows to who may use its project, and to who has a role in its branch: an app's principal has nothing else. */
export function credentialEndpoints(
  context: Pick<ControlContext, 'metadata' | 'catalogs' | 'principals'>,
): CredentialEndpoints {
  const cache = new ReadCache(context.metadata, ['projects', 'branches', 'endpoints'])
  return {
    async nameFor(caller, name) {
      const live = await cache.read('live endpoints', (queries) => listLiveEndpoints(queries))
      const found = endpointNamed(live, name)
      return found && (await mayKnow(context, cache, caller, found)) ? nameOfEndpoint(found) : undefined
    },
  }
}

async function mayKnow(
  context: Pick<ControlContext, 'catalogs' | 'principals'>,
  cache: ReadCache,
  caller: Caller,
  { uid, branchUid, projectUid }: LiveEndpoint,
): Promise<boolean> {
  const project = await cache.read(`project ${projectUid}`, (queries) => findProject(queries, projectUid))
  if (project && (await levelOn(context, caller, project)) !== undefined) return true
  const catalog = await context.catalogs.remembered(branchUid, uid)
  return catalog?.roles.some(({ object }) => hasIdentity(caller, object)) ?? false
}
