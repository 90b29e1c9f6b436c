// What a request may make of a role, and who may ask for it.
import { parseResourceName, type RoleSpec } from '@lakelet/api'
import type { Caller } from '../../base/caller.ts'
import { because, LakeletError } from '../../base/errors.ts'
import type { NewRole, Role, RoleChanges } from '../../postgres/index.ts'
import type { Known } from '../catalog/known-catalog.ts'
import type { PrincipalsPort } from '../ports.ts'
import type { BranchRows } from './resolve.ts'

const IDENTITY_WORDS = { USER: 'user', SERVICE_PRINCIPAL: 'service principal', GROUP: 'group' } as const
const ATTRIBUTES = ['createdb', 'createrole', 'bypassrls'] as const

/** The role that `spec` asks for. LakeletError `invalid_parameter` or `identity_unknown`. */
export function newRole(principals: PrincipalsPort, name: string, spec: RoleSpec): NewRole {
  const { identity_type: type = 'IDENTITY_TYPE_UNSPECIFIED', auth_method: method } = spec
  const isManaged = type !== 'IDENTITY_TYPE_UNSPECIFIED'
  checkMethod(method, isManaged)
  const identity = isManaged ? principals.findIdentity(type, name) : undefined
  if (isManaged && !identity) throw new LakeletError('identity_unknown', { type: IDENTITY_WORDS[type], name })
  return {
    name: identity?.name ?? name,
    attributes: {
      createdb: spec.attributes?.createdb ?? false,
      createrole: spec.attributes?.createrole ?? false,
      bypassrls: spec.attributes?.bypassrls ?? false,
    },
    isSuperuserMember: wantsMembership(spec),
    canLogin: method !== 'NO_LOGIN',
    ...(identity ? { identity: { type: identity.type, id: identity.id } } : {}),
  }
}

/** Whether a new role would have rights that who may only use a project must not get through it. */
export function isPrivileged({ attributes = {}, membership_roles: memberships = [] }: RoleSpec): boolean {
  return memberships.length > 0 || ATTRIBUTES.some((name) => attributes[name] === true)
}

/** What `replace_existing` changes: the attributes that are given and all memberships, never name, identity or login method. */
export function overwrite(spec: RoleSpec): RoleChanges {
  return { attributes: givenAttributes(spec), isSuperuserMember: wantsMembership(spec) }
}

/** A mask that names the whole resource, or `spec` beside other paths, asks for every attribute; `spec` alone for those given. */
export function roleChanges(
  spec: RoleSpec,
  changed: ReadonlySet<string>,
  mask: string | undefined,
): RoleChanges {
  const paths = (mask ?? '').split(',').map((path) => path.trim())
  const given = givenAttributes(spec)
  const isWhole = paths.includes('*') || (paths.includes('spec') && paths.length > 1)
  const missing = ATTRIBUTES.filter((name) => given[name] === undefined)
  if (isWhole && missing.length > 0) {
    throw new LakeletError('invalid_parameter', {
      reason: because('mask_needs_values', {
        mask: mask ?? '',
        fields: missing.map((name) => `spec.attributes.${name}`).join(' and '),
      }),
    })
  }
  const attributes = Object.entries(given).filter(([name]) => changed.has(`spec.attributes.${name}`))
  const setsMembership = isWhole || paths.includes('spec') || changed.has('spec.membership_roles')
  return {
    ...(attributes.length > 0 ? { attributes: Object.fromEntries(attributes) } : {}),
    ...(setsMembership ? { isSuperuserMember: wantsMembership(spec) } : {}),
  }
}

/** The role that `name`, a full resource name or an id, stands for. LakeletError `owner_role_not_found`. */
export function ownerNamed(
  { project, branch }: BranchRows,
  roles: readonly Known<Role>[],
  name: string,
): Known<Role> {
  const parsed = name.includes('/') ? parseResourceName(name) : undefined
  if (name.includes('/')) {
    const isHere =
      parsed?.type === 'role' &&
      [project.project_id, project.uid].includes(parsed.project) &&
      [branch.branch_id, branch.uid].includes(parsed.branch ?? '')
    if (!isHere) throw new LakeletError('owner_role_not_found', { role: name })
  }
  const id = parsed?.leaf ?? name
  const found = roles.find((role) => role.id.id === id)
  if (!found) throw new LakeletError('owner_role_not_found', { role: id })
  return found
}

/** Whether `caller` could log in as the role, or made it through the API: what it owns is then the caller's to give it. */
export function isOwnRole(caller: Caller, { object, id }: Known<Role>): boolean {
  return id.creator_id === caller.id || hasIdentity(caller, object)
}

/** Whether the role is that of `caller` or of one of its groups. */
export function hasIdentity(caller: Caller, { name, identity }: Role): boolean {
  if (identity === undefined) return false
  return identity.type === 'GROUP' ? caller.groups.includes(name) : identity.id === caller.id
}

/** The caller's own role when it might have run CREATE ROLE itself: it may set the new role's password, grant it and drop it. */
export function creatorIn(roles: readonly Known<Role>[], caller: Caller): string | undefined {
  const own = roles.find(({ object }) => object.name === caller.name && object.identity?.id === caller.id)
  return own?.object.attributes.createrole ? own.object.name : undefined
}

function checkMethod(method: RoleSpec['auth_method'], isManaged: boolean): void {
  if (method === 'LAKEBASE_OAUTH_V1' && !isManaged) {
    throw new LakeletError('invalid_parameter', {
      reason: because('oauth_needs_identity'),
    })
  }
  if (method === 'PG_PASSWORD_SCRAM_SHA_256' && isManaged) {
    throw new LakeletError('invalid_parameter', {
      reason: because('identity_without_password'),
    })
  }
}

function givenAttributes({ attributes }: RoleSpec): NonNullable<RoleChanges['attributes']> {
  return Object.fromEntries(
    ATTRIBUTES.flatMap((name) => {
      const value = attributes?.[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

function wantsMembership(spec: RoleSpec): boolean {
  return spec.membership_roles?.includes('DATABRICKS_SUPERUSER') ?? false
}
