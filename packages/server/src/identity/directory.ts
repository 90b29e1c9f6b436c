// Who exists in the workspace. The whole directory is kept in memory and read again after each change: a workspace has few
// principals, every request asks about one, and this process is the only writer.
import type { Caller } from '../base/caller.ts'
import type { Clock } from '../base/clock.ts'
import { LakeletError } from '../base/errors.ts'
import { randomNumericId, randomUUID } from '../base/ids.ts'
import { KeyedMutex } from '../base/mutex.ts'
import type { Metadata, Queries } from '../metadata/database.ts'
import {
  addMember,
  deletePrincipal,
  insertPrincipal,
  type PrincipalRow,
  removeMember,
  updatePrincipal,
} from '../metadata/principals.ts'
import {
  type DirectorySnapshot,
  keyOf,
  type Principal,
  type PrincipalKind,
  readSnapshot,
} from './directory-snapshot.ts'

export type { Principal, PrincipalKind } from './directory-snapshot.ts'

/** Fields of a principal that may change after it was made. */
export interface PrincipalChanges {
  readonly name?: string
  readonly displayName?: string
  readonly active?: boolean
  readonly externalId?: string | undefined
  readonly attributes?: Readonly<Record<string, unknown>>
}

/** What Postgres needs to know of a principal: its role name, its kind, its id. */
export interface KnownIdentity {
  readonly name: string
  readonly type: 'USER' | 'SERVICE_PRINCIPAL' | 'GROUP'
  readonly id: number
}

/** The group whose members may do everything. */
export const ADMINS_GROUP = 'admins'
/** The group that everybody is in, without being listed. */
export const USERS_GROUP = 'users'

export interface DirectoryOptions {
  readonly metadata: Metadata
  readonly clock: Clock
}

/** Reads the directory; makes the groups of every workspace the first time. */
export async function openDirectory(options: DirectoryOptions): Promise<Directory> {
  const directory = new Directory(options, await readSnapshot(options.metadata.db))
  for (const name of [ADMINS_GROUP, USERS_GROUP]) {
    if (!directory.find('group', name))
      await directory.create('group', name, { displayName: name, isSystem: true })
  }
  return directory
}

export class Directory {
  readonly #metadata: Metadata
  readonly #clock: Clock
  readonly #writes = new KeyedMutex<'directory'>()
  readonly #listeners = new Set<() => void | Promise<void>>()
  #snapshot: DirectorySnapshot

  constructor(options: DirectoryOptions, snapshot: DirectorySnapshot) {
    this.#metadata = options.metadata
    this.#clock = options.clock
    this.#snapshot = snapshot
  }

  /** Calls `listener` after each change, which is done when the listener is; returns the function that ends it. */
  onChange(listener: () => void | Promise<void>): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  list(kind: PrincipalKind): Principal[] {
    return this.#snapshot.all.filter((each) => each.kind === kind)
  }

  get(id: number): Principal | undefined {
    return this.#snapshot.byId.get(id)
  }

  /** By name, without regard to case. */
  find(kind: PrincipalKind, name: string): Principal | undefined {
    return this.#snapshot.byName.get(keyOf(kind, name))
  }

  /** The principal of that id and kind; LakeletError `principal_not_found`. */
  require(kind: PrincipalKind, id: number): Principal {
    const found = this.get(id)
    if (found?.kind !== kind) throw new LakeletError('principal_not_found', { kind: KIND_WORDS[kind], id })
    return found
  }

  /** Direct members of a group; everybody for the group of all users. */
  membersOf(group: Principal): Principal[] {
    if (group.isSystem && group.name === USERS_GROUP) {
      return this.#snapshot.all.filter((each) => each.kind !== 'group')
    }
    return this.#principals(this.#snapshot.members.get(group.id) ?? [])
  }

  /** Groups that list the principal itself. */
  directGroupsOf(principal: Principal): Principal[] {
    return this.#principals(this.#snapshot.parents.get(principal.id) ?? [])
  }

  /** Every group it is in, also through other groups. */
  groupsOf(principal: Principal): Principal[] {
    const found = new Set<number>()
    const everybody = principal.kind === 'group' ? undefined : this.find('group', USERS_GROUP)
    if (everybody) found.add(everybody.id)
    const waiting = [principal.id]
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      for (const parent of this.#snapshot.parents.get(id) ?? []) {
        if (!found.has(parent)) waiting.push(parent)
        found.add(parent)
      }
    }
    return this.#principals([...found])
  }

  /** The principal as services see it; undefined when it is unknown, switched off, or a group. */
  callerOf(id: number): Caller | undefined {
    const known = this.#snapshot.callers.get(id)
    if (known) return known
    const principal = this.get(id)
    if (!principal?.active || principal.kind === 'group') return undefined
    const groups = this.groupsOf(principal)
    const caller: Caller = {
      id,
      kind: principal.kind,
      name: principal.name,
      displayName: principal.displayName,
      isAdmin: groups.some((group) => group.isSystem && group.name === ADMINS_GROUP),
      groups: groups.map((group) => group.displayName),
    }
    this.#snapshot.callers.set(id, caller)
    return caller
  }

  /** Everybody who may own a Postgres role. */
  identities(): KnownIdentity[] {
    return this.#snapshot.all.map(({ id, kind, name }) => ({ id, name, type: IDENTITY_TYPES[kind] }))
  }

  /** The active principal that a Postgres role of that name may belong to. */
  findIdentity(type: KnownIdentity['type'], name: string): KnownIdentity | undefined {
    const principal = this.find(KINDS[type], name)
    return principal?.active ? { id: principal.id, name: principal.name, type } : undefined
  }

  /** Makes a principal; LakeletError `principal_exists`. */
  async create(
    kind: PrincipalKind,
    name: string,
    options: {
      readonly displayName?: string | undefined
      readonly active?: boolean | undefined
      readonly externalId?: string | undefined
      readonly attributes?: Readonly<Record<string, unknown>>
      readonly isSystem?: boolean
      /** Groups it becomes a member of. */
      readonly groups?: readonly Principal[]
      /** Members of the new group. */
      readonly members?: readonly Principal[]
    } = {},
  ): Promise<Principal> {
    const id = randomNumericId()
    await this.#change(async (queries) => {
      this.#assertFree(kind, name)
      await insertPrincipal(queries, {
        id,
        kind,
        name,
        display_name: options.displayName ?? name,
        active: Number(options.active ?? true),
        external_id: options.externalId ?? null,
        attributes: JSON.stringify(options.attributes ?? {}),
        is_system: Number(options.isSystem ?? false),
        created_at: this.#clock.now().toISOString(),
      })
      for (const group of options.groups ?? []) await addMember(queries, group.id, id)
      for (const member of options.members ?? []) await addMember(queries, id, member.id)
    })
    return this.require(kind, id)
  }

  /** A new service principal with an application id of its own, unless one is given. */
  createServicePrincipal(displayName: string, applicationId: string = randomUUID()): Promise<Principal> {
    return this.create('service_principal', applicationId, { displayName })
  }

  /** Changes fields and memberships in one step; `members` replaces the whole list of a group. */
  async update(
    principal: Principal,
    changes: PrincipalChanges,
    membership: {
      readonly members?: readonly number[]
      readonly groups?: { readonly add: readonly number[]; readonly remove: readonly number[] }
    } = {},
  ): Promise<Principal> {
    await this.#change(async (queries) => {
      const name = changes.name ?? principal.name
      const isRenamed = name !== principal.name || (changes.displayName ?? name) !== name
      if (principal.isSystem && isRenamed) throw new LakeletError('system_group', { name: principal.name })
      // A change of case only finds the principal itself.
      if (this.find(principal.kind, name)?.id !== principal.id) this.#assertFree(principal.kind, name)
      await updatePrincipal(queries, principal.id, rowChanges(changes))
      if (membership.members) await this.#setMembers(queries, principal, membership.members)
      for (const id of membership.groups?.add ?? []) await addMember(queries, id, principal.id)
      for (const id of membership.groups?.remove ?? []) await removeMember(queries, id, principal.id)
    })
    return this.require(principal.kind, principal.id)
  }

  /** Deletes the principal with everything that proves or permits something for it. */
  async delete(principal: Principal): Promise<void> {
    if (principal.isSystem) throw new LakeletError('system_group', { name: principal.name })
    await this.#change((queries) => deletePrincipal(queries, principal.id))
  }

  async #setMembers(queries: Queries, group: Principal, members: readonly number[]): Promise<void> {
    const before = this.#snapshot.members.get(group.id) ?? []
    for (const id of before.filter((each) => !members.includes(each)))
      await removeMember(queries, group.id, id)
    for (const id of members) await addMember(queries, group.id, id)
  }

  async #change(work: (queries: Queries) => Promise<void>): Promise<void> {
    await this.#writes.run('directory', async () => {
      await this.#metadata.transaction(work)
      this.#snapshot = await readSnapshot(this.#metadata.db)
    })
    await Promise.all([...this.#listeners].map(async (listener) => listener()))
  }

  #assertFree(kind: PrincipalKind, name: string): void {
    if (this.find(kind, name)) throw new LakeletError('principal_exists', { kind: KIND_WORDS[kind], name })
  }

  #principals(ids: readonly number[]): Principal[] {
    return ids.flatMap((id) => this.#snapshot.byId.get(id) ?? [])
  }
}

const KIND_WORDS = { user: 'User', service_principal: 'ServicePrincipal', group: 'Group' } as const
const KINDS = { USER: 'user', SERVICE_PRINCIPAL: 'service_principal', GROUP: 'group' } as const
const IDENTITY_TYPES = { user: 'USER', service_principal: 'SERVICE_PRINCIPAL', group: 'GROUP' } as const

function rowChanges(changes: PrincipalChanges): Partial<PrincipalRow> {
  return {
    ...(changes.name === undefined ? {} : { name: changes.name }),
    ...(changes.displayName === undefined ? {} : { display_name: changes.displayName }),
    ...(changes.active === undefined ? {} : { active: Number(changes.active) }),
    ...('externalId' in changes ? { external_id: changes.externalId ?? null } : {}),
    ...(changes.attributes === undefined ? {} : { attributes: JSON.stringify(changes.attributes) }),
  }
}
