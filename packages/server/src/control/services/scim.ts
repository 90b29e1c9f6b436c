// SCIM users, groups and service principals over the directory.
import type { ScimUser } from '@lakelet/api'
import type { Caller } from '../../base/caller.ts'
import { because, LakeletError } from '../../base/errors.ts'
import { randomUUID } from '../../base/ids.ts'
import { KeyedMutex } from '../../base/mutex.ts'
import { ADMINS_GROUP, type Directory, type Principal, USERS_GROUP } from '../../identity/directory.ts'
import { parseScimFilter, scalarText, valuesAt } from './scim-filter.ts'
import { applyScimPatch } from './scim-patch.ts'
import {
  KIND_OF,
  readScim,
  type ScimInput,
  type ScimName,
  type ScimResources,
  scimResource,
  scimUserOf,
  validName,
} from './scim-resources.ts'

export interface ScimAttributes {
  readonly attributes?: string | undefined
  readonly excludedAttributes?: string | undefined
}

export interface ScimListQuery extends ScimAttributes {
  readonly filter?: string | undefined
  readonly count?: string | undefined
  readonly startIndex?: string | undefined
  readonly sortBy?: string | undefined
  readonly sortOrder?: string | undefined
}

/** The largest page; the SDKs ask for this many. */
const MAX_COUNT = 10_000
const LIST_SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:ListResponse'

/** Name of the app that a service principal belongs to. */
export type AppOfPrincipal = (principalId: number) => Promise<string | undefined>

export class ScimService {
  readonly #directory: Directory
  readonly #ownerId: () => number | undefined
  readonly #appOf: AppOfPrincipal
  /** A change is computed from what was there before, so no two are made at once. */
  readonly #changes = new KeyedMutex<'directory'>()

  constructor(
    directory: Directory,
    ownerId: () => number | undefined,
    appOf: AppOfPrincipal = async () => undefined,
  ) {
    this.#directory = directory
    this.#ownerId = ownerId
    this.#appOf = appOf
  }

  me(caller: Caller, query: ScimAttributes): ScimUser {
    const principal = this.#directory.get(caller.id)
    if (!principal) throw new LakeletError('unauthenticated')
    return select(scimUserOf(this.#directory, principal), query)
  }

  list<N extends ScimName>(name: N, query: ScimListQuery) {
    const test =
      query.filter === undefined || query.filter === '' ? () => true : parseScimFilter(query.filter)
    const all = this.#directory
      .list(KIND_OF[name])
      .map((principal) => scimResource(this.#directory, name, principal))
      .filter((resource) => test(resource))
    const sorted = query.sortBy ? sortBy(all, query.sortBy, query.sortOrder) : all
    const startIndex = Math.max(1, wholeNumber('startIndex', query.startIndex) ?? 1)
    const count = Math.min(MAX_COUNT, Math.max(0, wholeNumber('count', query.count) ?? MAX_COUNT))
    const page = sorted.slice(startIndex - 1, startIndex - 1 + count)
    return {
      schemas: [LIST_SCHEMA],
      totalResults: all.length,
      startIndex,
      itemsPerPage: page.length,
      Resources: page.map((resource) => select(resource, query)),
    }
  }

  get<N extends ScimName>(name: N, id: string, query: ScimAttributes): ScimResources[N] {
    return select(scimResource(this.#directory, name, this.#find(name, id)), query)
  }

  async create<N extends ScimName>(name: N, body: unknown): Promise<ScimResources[N]> {
    const input = readScim(name, body)
    const wanted = name === 'ServicePrincipal' ? (input.name ?? randomUUID()) : input.name
    const principalName = validName(name, wanted)
    const displayName = input.displayName ?? (name === 'ServicePrincipal' ? undefined : principalName)
    if (displayName === undefined)
      throw new LakeletError('scim_invalid', { reason: because('display_name_required') })
    const principal = await this.#directory.create(KIND_OF[name], principalName, {
      displayName,
      active: name === 'Group' ? true : input.active,
      externalId: input.externalId,
      attributes: input.attributes,
      groups: (input.groupIds ?? []).map((id) => this.#group(id)),
      members: (input.memberIds ?? []).map((id) => this.#member(id)),
    })
    return scimResource(this.#directory, name, principal)
  }

  replace<N extends ScimName>(name: N, id: string, body: unknown): Promise<ScimResources[N]> {
    return this.#changes.run('directory', () =>
      this.#update(name, this.#find(name, id), readScim(name, body), 'replace'),
    )
  }

  patch<N extends ScimName>(name: N, id: string, body: unknown): Promise<ScimResources[N]> {
    return this.#changes.run('directory', () => this.#patch(name, id, body))
  }

  #patch<N extends ScimName>(name: N, id: string, body: unknown): Promise<ScimResources[N]> {
    const principal = this.#find(name, id)
    const before = scimResource(this.#directory, name, principal)
    const { userName: _, applicationId: __, ...patched } = applyScimPatch(before, body)
    // The identifiers of users and service principals cannot be changed this way; attempts are ignored, as on Databricks.
    return this.#update(name, principal, readScim(name, patched), 'patch')
  }

  async delete(name: ScimName, id: string): Promise<void> {
    const principal = this.#find(name, id)
    if (principal.id === this.#ownerId()) throw new LakeletError('owner_required', { name: principal.name })
    const app = await this.#appOf(principal.id)
    if (app !== undefined) throw new LakeletError('principal_of_app', { name: principal.displayName, app })
    await this.#directory.delete(principal)
  }

  async #update<N extends ScimName>(
    name: N,
    principal: Principal,
    input: ScimInput,
    mode: 'replace' | 'patch',
  ): Promise<ScimResources[N]> {
    const isOwner = principal.id === this.#ownerId()
    if (isOwner && input.active === false) throw new LakeletError('owner_required', { name: principal.name })
    const newName = name === 'ServicePrincipal' ? undefined : input.name
    const replaced = mode === 'replace'
    const changed = await this.#directory.update(
      principal,
      {
        ...(newName === undefined ? {} : { name: validName(name, newName) }),
        ...(input.displayName === undefined ? {} : { displayName: input.displayName }),
        // A group has no switch.
        ...(name === 'Group' || (input.active === undefined && !replaced)
          ? {}
          : { active: input.active ?? true }),
        externalId: input.externalId,
        attributes: input.attributes,
      },
      {
        ...(name === 'Group' ? this.#membersChange(principal, input, mode) : {}),
        ...(name === 'Group' ? {} : this.#groupsChange(principal, input)),
      },
    )
    return scimResource(this.#directory, name, changed)
  }

  #membersChange(group: Principal, input: ScimInput, mode: 'replace' | 'patch') {
    // Everybody is in the group of all users; there is no list to change.
    if (group.isSystem && group.name === USERS_GROUP) return {}
    if (input.memberIds === undefined && mode === 'replace') return {}
    const members = (input.memberIds ?? []).map((id) => this.#member(id).id)
    const ownerId = this.#ownerId()
    const losesOwner = group.isSystem && ownerId !== undefined && !members.includes(ownerId)
    if (losesOwner && group.name === ADMINS_GROUP) {
      throw new LakeletError('owner_required', { name: this.#directory.get(ownerId)?.name ?? '' })
    }
    if (this.#wouldLoop(group, members)) {
      throw new LakeletError('scim_invalid', { reason: because('group_in_itself') })
    }
    return { members }
  }

  #wouldLoop(group: Principal, members: readonly number[]): boolean {
    const above = new Set([group.id, ...this.#directory.groupsOf(group).map((each) => each.id)])
    return members.some((id) => above.has(id))
  }

  #groupsChange(principal: Principal, input: ScimInput) {
    if (input.groupIds === undefined) return {}
    const before = this.#directory.directGroupsOf(principal).map((group) => group.id)
    const shown = this.#directory.groupsOf(principal).map((group) => group.id)
    const wanted = input.groupIds.map((id) => this.#group(id))
    const add = wanted.filter((group) => !shown.includes(group.id)).map((group) => group.id)
    const remove = before.filter((id) => !wanted.some((group) => group.id === id))
    const admins = this.#directory.find('group', ADMINS_GROUP)?.id
    if (principal.id === this.#ownerId() && admins !== undefined && remove.includes(admins)) {
      throw new LakeletError('owner_required', { name: principal.name })
    }
    return { groups: { add, remove } }
  }

  #find(name: ScimName, id: string): Principal {
    if (!/^\d{1,15}$/.test(id)) throw new LakeletError('principal_not_found', { kind: name, id })
    return this.#directory.require(KIND_OF[name], Number(id))
  }

  #member(id: number): Principal {
    const found = this.#directory.get(id)
    if (!found) throw new LakeletError('scim_invalid', { reason: because('no_principal', { id }) })
    return found
  }

  #group(id: number): Principal {
    const found = this.#member(id)
    if (found.kind !== 'group')
      throw new LakeletError('scim_invalid', { reason: because('not_a_group', { id }) })
    return found
  }
}

/** The attributes that were asked for; `id` and `schemas` are always there (RFC 7644 §3.9). */
function select<R extends object>(resource: R, query: ScimAttributes): R {
  const names = (list: string) =>
    list.split(',').map((name) => name.trim().split('.')[0]?.toLowerCase() ?? '')
  const always = new Set(['id', 'schemas'])
  const wanted = query.attributes ? new Set(names(query.attributes)) : undefined
  const unwanted = new Set(query.excludedAttributes ? names(query.excludedAttributes) : [])
  if (!wanted && unwanted.size === 0) return resource
  const kept = Object.entries(resource).filter(([name]) => {
    const folded = name.toLowerCase()
    return always.has(folded) || ((wanted?.has(folded) ?? true) && !unwanted.has(folded))
  })
  // What was asked to be left out is missing on purpose.
  return Object.fromEntries(kept) as R
}

function sortBy<R extends object>(resources: readonly R[], path: string, order: string | undefined): R[] {
  const key = (resource: R) => {
    const [value] = valuesAt(resource, path)
    return (scalarText(value) ?? '').toLowerCase()
  }
  const sign = order?.toLowerCase() === 'descending' ? -1 : 1
  return resources.toSorted((a, b) => sign * (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0))
}

function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined
  if (/^-?\d{1,9}$/.test(text)) return Number(text)
  throw new LakeletError('scim_invalid', { reason: `'${name}' must be a whole number.` })
}
