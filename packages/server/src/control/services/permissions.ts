// Access control lists over the REST API.
import type { Caller } from '../../base/caller.ts'
import { because, LakeletError } from '../../base/errors.ts'
import type { Directory, Principal, PrincipalKind } from '../../identity/directory.ts'
import { LEVELS, type ObjectType, type PermissionLevel } from '../../identity/permission-levels.ts'
import { type AccessEntry, type Grant, type Permissions } from '../../identity/permissions.ts'
import type { KnownObject, ObjectRef } from '../../identity/ports.ts'

/** Object types as paths name them. */
const OBJECT_TYPES: Readonly<Record<string, ObjectType>> = {
  'database-projects': 'project',
  apps: 'app',
  directories: 'file',
  files: 'file',
  notebooks: 'file',
}

/** Types as replies name them: some in the singular, some as in the path. */
const REPLY_TYPES: Readonly<Record<string, string>> = {
  directories: 'directory',
  files: 'file',
  notebooks: 'notebook',
}

const LEVEL_TEXTS: Readonly<Record<PermissionLevel, string>> = {
  CAN_USE: 'Can view and use the object',
  CAN_READ: 'Can read the object',
  CAN_RUN: 'Can read and run the object',
  CAN_EDIT: 'Can read and change the object',
  CAN_MANAGE: 'Can change, delete and share the object',
}

export interface AccessControlLine {
  readonly user_name?: string | undefined
  readonly group_name?: string | undefined
  readonly service_principal_name?: string | undefined
  readonly permission_level: string
}

/** An object as a path names it. */
interface NamedObject {
  readonly object_type: string
  readonly object_id: string
}

export class PermissionsService {
  readonly #permissions: Permissions
  readonly #directory: Directory

  constructor(permissions: Permissions, directory: Directory) {
    this.#permissions = permissions
    this.#directory = directory
  }

  async get(caller: Caller, named: NamedObject) {
    if (named.object_type === 'authorization') return workspaceAuthorization(named)
    const object = await this.#visible(caller, named)
    return this.#reply(named, object.type, await this.#permissions.require(object))
  }

  /** Replaces or adds to the list; the principal of each line must exist. */
  async change(
    caller: Caller,
    named: NamedObject,
    lines: readonly AccessControlLine[],
    mode: 'replace' | 'add',
  ) {
    if (named.object_type === 'authorization') {
      throw new LakeletError('feature_disabled', { feature: 'Changing who may use tokens and passwords' })
    }
    const object = await this.#visible(caller, named)
    const level = await this.#permissions.levelOf(caller, object)
    if (level !== 'CAN_MANAGE') {
      throw new LakeletError('permission_denied', { action: `change permissions of this ${object.type}` })
    }
    const grants = lines.map((line) => this.#grantOf(line, named.object_type, object.type))
    await this.#permissions.set(object, grants, mode)
    return this.#reply(named, object.type, await this.#permissions.require(object))
  }

  async levels(caller: Caller, named: NamedObject) {
    if (named.object_type === 'authorization') return authorizationLevels(workspaceAuthorization(named))
    const object = await this.#visible(caller, named)
    return {
      permission_levels: LEVELS[object.type].map((level) => ({
        permission_level: level,
        description: LEVEL_TEXTS[level],
      })),
    }
  }

  /** The object when the caller has any level on it; LakeletError `resource_not_found` otherwise. */
  async #visible(caller: Caller, named: NamedObject): Promise<ObjectRef> {
    const type = Object.hasOwn(OBJECT_TYPES, named.object_type) ? OBJECT_TYPES[named.object_type] : undefined
    if (!type) {
      const known = Object.keys(OBJECT_TYPES).join(', ')
      throw new LakeletError('invalid_parameter', {
        reason: because('object_type_unknown', { type: named.object_type, known }),
      })
    }
    const object = { type, id: named.object_id }
    await this.#permissions.require(object)
    const level = await this.#permissions.levelOf(caller, object)
    if (!level) throw new LakeletError('resource_not_found', { type })
    return object
  }

  #grantOf(line: AccessControlLine, typeName: string, type: ObjectType): Grant {
    const level = LEVELS[type].find((each) => each === line.permission_level)
    if (!level) {
      throw new LakeletError('invalid_parameter', {
        reason: because('level_unknown', {
          level: line.permission_level,
          type: typeName,
          known: LEVELS[type].join(', '),
        }),
      })
    }
    return { principalId: this.#principalOf(line).id, level }
  }

  #principalOf(line: AccessControlLine): Principal {
    const named: readonly (readonly [PrincipalKind, string, string | undefined])[] = [
      ['user', 'UserName', line.user_name],
      ['group', 'GroupName', line.group_name],
      ['service_principal', 'ServicePrincipalName', line.service_principal_name],
    ]
    const [first, ...others] = named.filter(([, , name]) => name !== undefined && name !== '')
    if (!first || others.length > 0) {
      throw new LakeletError('invalid_parameter', {
        reason: because('one_principal'),
      })
    }
    const [kind, word, name = ''] = first
    const principal = this.#directory.find(kind, name)
    if (!principal) throw new LakeletError('named_principal_not_found', { kind: word, name })
    return principal
  }

  #reply(named: NamedObject, type: ObjectType, known: KnownObject) {
    return {
      object_id: `/${named.object_type}/${named.object_id}`,
      object_type: REPLY_TYPES[named.object_type] ?? named.object_type,
      access_control_list: this.#permissions
        .accessOf(type, known)
        .map((entry) => lineOf(entry, type === 'file' ? 'directories' : named.object_type)),
    }
  }
}

/** Who may use tokens and passwords: everybody tokens, nobody else than administrators passwords; that cannot be changed here. */
function workspaceAuthorization({ object_id: kind }: NamedObject) {
  if (kind !== 'tokens' && kind !== 'passwords')
    throw new LakeletError('path_not_found', { path: `/authorization/${kind}` })
  const groups = kind === 'tokens' ? ['admins', 'users'] : ['admins']
  return {
    object_id: `/authorization/${kind}`,
    object_type: kind,
    access_control_list: groups.map((group_name) => ({
      group_name,
      all_permissions: [{ permission_level: 'CAN_USE', inherited: false }],
    })),
  }
}

function authorizationLevels({ object_type: what }: { readonly object_type: string }) {
  return { permission_levels: [{ permission_level: 'CAN_USE', description: `Can use ${what}` }] }
}

/** `parentType` is the type, as a path names it, of the object that a permission is inherited from. */
function lineOf({ principal, permissions }: AccessEntry, parentType: string) {
  const names = {
    user: { user_name: principal.name },
    group: { group_name: principal.name },
    service_principal: { service_principal_name: principal.name },
  } as const
  return {
    ...names[principal.kind],
    ...(principal.kind === 'group' ? {} : { display_name: principal.displayName }),
    all_permissions: permissions.map(({ level, inherited, inheritedFrom }) => ({
      permission_level: level,
      inherited,
      ...(inheritedFrom === undefined ? {} : { inherited_from_object: [`/${parentType}/${inheritedFrom}`] }),
    })),
  }
}
