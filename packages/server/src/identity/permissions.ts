// What a principal may do with a project, an app or a file: the highest of what it was granted, what its groups were granted, and
// what follows from owning the object or being an admin. Folders pass their grants on to what lies in them.
import type { Caller } from '../base/caller.ts'
import { LakeletError } from '../base/errors.ts'
import { KeyedMutex } from '../base/mutex.ts'
import type { Metadata } from '../metadata/database.ts'
import { listPermissionGrants, replacePermissionGrants } from '../metadata/permissions.ts'
import { ADMINS_GROUP, type Directory, type Principal } from './directory.ts'
import { covers, highest, type ObjectType, type PermissionLevel } from './permission-levels.ts'
import type { KnownObject, ObjectPort, ObjectRef } from './ports.ts'

export interface Grant {
  readonly principalId: number
  readonly level: PermissionLevel
}

/** One line of an object's access control list. */
export interface AccessEntry {
  readonly principal: Principal
  readonly permissions: readonly {
    readonly level: PermissionLevel
    readonly inherited: boolean
    readonly inheritedFrom?: string
  }[]
}

export async function openPermissions(options: {
  readonly metadata: Metadata
  readonly directory: Directory
  readonly objects: ObjectPort
}): Promise<Permissions> {
  const permissions = new Permissions(options.metadata, options.directory, options.objects)
  await permissions.reload()
  return permissions
}

export class Permissions {
  readonly #metadata: Metadata
  readonly #directory: Directory
  readonly #objects: ObjectPort
  readonly #writes = new KeyedMutex<string>()
  #grants: ReadonlyMap<string, readonly Grant[]> = new Map()

  constructor(metadata: Metadata, directory: Directory, objects: ObjectPort) {
    this.#metadata = metadata
    this.#directory = directory
    this.#objects = objects
  }

  /** Whether `caller` has `level`; `hidden` when not even the object's existence may show. */
  authorize(
    caller: Caller,
    object: ObjectRef,
    level: PermissionLevel,
  ): 'allowed' | Promise<'allowed' | 'denied' | 'hidden'> {
    // Admins also pass for objects that do not exist, so that the route itself says so in its own words.
    return caller.isAdmin ? 'allowed' : this.#compare(caller, object, level)
  }

  /** The highest level of `caller`; undefined when it has none or there is no such object. */
  async levelOf(caller: Caller, object: ObjectRef): Promise<PermissionLevel | undefined> {
    const known = await this.#objects.find(object)
    if (!known) return undefined
    if (caller.isAdmin || known.ownerId === caller.id) return 'CAN_MANAGE'
    const levels = [known.id, ...(known.ancestors ?? [])].map((id) =>
      this.grantedLevel(caller, { type: object.type, id }),
    )
    return highest([...levels, await known.levelOf?.(caller)])
  }

  /** The highest level granted on this object itself, to the caller or one of its groups. `id` is the object's own. */
  grantedLevel(caller: Caller, { type, id }: ObjectRef): PermissionLevel | undefined {
    const grants = this.#grantsOf(type, id)
    const principal = grants.length === 0 ? undefined : this.#directory.get(caller.id)
    if (!principal) return undefined
    const mine = new Set([caller.id, ...this.#directory.groupsOf(principal).map((group) => group.id)])
    return highest(grants.filter((grant) => mine.has(grant.principalId)).map((grant) => grant.level))
  }

  /** The object as its room knows it; LakeletError `resource_not_found`. */
  async require(object: ObjectRef): Promise<KnownObject> {
    const known = await this.#objects.find(object)
    if (!known) throw new LakeletError('resource_not_found', { type: object.type })
    return known
  }

  /** Who may do what with an object, with what follows from ownership, admins and folders above. */
  accessOf(type: ObjectType, known: KnownObject): AccessEntry[] {
    const entries = new Map<number, AccessEntry['permissions'][number][]>()
    const add = (principalId: number, permission: AccessEntry['permissions'][number]) => {
      entries.set(principalId, [...(entries.get(principalId) ?? []), permission])
    }
    for (const grant of this.#grantsOf(type, known.id)) {
      add(grant.principalId, { level: grant.level, inherited: false })
    }
    if (known.ownerId !== undefined && !entries.has(known.ownerId)) {
      add(known.ownerId, { level: 'CAN_MANAGE', inherited: false })
    }
    for (const ancestor of known.ancestors ?? []) {
      for (const grant of this.#grantsOf(type, ancestor)) {
        add(grant.principalId, { level: grant.level, inherited: true, inheritedFrom: ancestor })
      }
    }
    const admins = this.#directory.find('group', ADMINS_GROUP)
    if (admins) add(admins.id, { level: 'CAN_MANAGE', inherited: true })
    return [...entries].flatMap(([id, permissions]) => {
      const principal = this.#directory.get(id)
      return principal ? [{ principal, permissions }] : []
    })
  }

  /** Makes `grants` the whole list of the object; with `add`, only those principals' lines change. */
  async set(object: ObjectRef, grants: readonly Grant[], mode: 'replace' | 'add'): Promise<void> {
    const known = await this.require(object)
    await this.#writes.run(keyOf(object.type, known.id), async () => {
      const before = mode === 'add' ? this.#grantsOf(object.type, known.id) : []
      const merged = new Map([...before, ...grants].map((grant) => [grant.principalId, grant.level]))
      const rows = [...merged].map(([principal_id, level]) => ({ principal_id, level }))
      await this.#metadata.transaction((queries) =>
        replacePermissionGrants(queries, object.type, known.id, rows),
      )
      await this.reload()
    })
  }

  /** Takes a principal's own line away; one that has none is no error. */
  async remove(object: ObjectRef, principalId: number): Promise<void> {
    const known = await this.require(object)
    await this.#writes.run(keyOf(object.type, known.id), async () => {
      const kept = this.#grantsOf(object.type, known.id).filter((each) => each.principalId !== principalId)
      const rows = kept.map((each) => ({ principal_id: each.principalId, level: each.level }))
      await this.#metadata.transaction((queries) =>
        replacePermissionGrants(queries, object.type, known.id, rows),
      )
      await this.reload()
    })
  }

  /** Forgets the grants of an object that was deleted, so that a new one of that id starts clean. */
  async forget(type: ObjectType, id: string): Promise<void> {
    await this.#metadata.transaction((queries) => replacePermissionGrants(queries, type, id, []))
    await this.reload()
  }

  /** Reads the stored grants again. */
  async reload(): Promise<void> {
    const grants = new Map<string, Grant[]>()
    for (const row of await listPermissionGrants(this.#metadata.db)) {
      const key = keyOf(row.object_type, row.object_id)
      const list = grants.get(key) ?? []
      // Only levels of the type are ever stored.
      list.push({ principalId: row.principal_id, level: row.level as PermissionLevel })
      grants.set(key, list)
    }
    this.#grants = grants
  }

  async #compare(
    caller: Caller,
    object: ObjectRef,
    level: PermissionLevel,
  ): Promise<'allowed' | 'denied' | 'hidden'> {
    const has = await this.levelOf(caller, object)
    if (has === undefined) return 'hidden'
    return covers(has, level) ? 'allowed' : 'denied'
  }

  #grantsOf(type: ObjectType, id: string): readonly Grant[] {
    return this.#grants.get(keyOf(type, id)) ?? []
  }
}

function keyOf(type: string, id: string): string {
  return `${type} ${id}`
}
