import {
  branchName,
  parseResourceName,
  parseUpdateMask,
  type Role as RoleReply,
  roleName,
  type RoleSpec,
  roleUpdate,
} from '@lakelet/api'
import type { Caller } from '../../base/caller.ts'
import { LakeletError } from '../../base/errors.ts'
import type { NewRole, Role, RoleChanges } from '../../postgres/index.ts'
import type { CatalogInput } from '../operations/catalog-input.ts'
import type { OperationRequest } from '../../operations/operations.ts'
import type { RoleOperations } from '../operations/role-operations.ts'
import { catalogEndpoint, type Known, knownRoles } from './branch-catalog.ts'
import { freeId } from './catalog.ts'
import { type ControlContext, LIMITS } from './context.ts'
import { type Empty, type OperationReply, operationReply } from './operation-reply.ts'
import { cutPage, type PageQuery, readPage } from './pages.ts'
import { requireManage } from './project-access.ts'
import { checkId } from './resource-ids.ts'
import { type BranchPath, type BranchRows, liveBranch, lockOf, notFound } from './resolve.ts'

export interface RolePath extends BranchPath {
  readonly role: string
}

interface Opened {
  readonly rows: BranchRows
  readonly endpointUid: string
  readonly roles: readonly Known<Role>[]
}

export class Roles {
  readonly #context: ControlContext
  readonly #kinds: RoleOperations

  constructor(context: ControlContext, kinds: RoleOperations) {
    this.#context = context
    this.#kinds = kinds
  }

  async create(
    caller: Caller,
    path: BranchPath,
    request: {
      readonly roleId: string | undefined
      readonly spec: RoleSpec
      readonly replaceExisting: boolean
    },
    signal: AbortSignal,
  ): Promise<OperationReply<RoleReply>> {
    const { spec, roleId: wantedId } = request
    if (wantedId) checkId('role_id', wantedId)
    const opened = await this.#open(path, signal)
    if (!spec.postgres_role) throw new LakeletError('field_required', { field: 'role.spec.postgres_role' })
    await this.#refusePrivileges(caller, opened.rows, spec)
    const role = this.#newRole(spec.postgres_role, spec)
    const replaced = request.replaceExisting ? opened.roles.find(({ id }) => id.id === wantedId) : undefined
    if (replaced) return this.#startUpdate(caller, opened, replaced, overwrite(spec))
    const isTaken = opened.roles.some(({ object, id }) => object.name === role.name || id.id === wantedId)
    if (isTaken) throw new LakeletError('name_exists', { type: 'role' })
    if (opened.roles.length >= LIMITS.rolesPerBranch) {
      throw new LakeletError('limit_reached', { what: 'roles', limit: LIMITS.rolesPerBranch })
    }
    const id = wantedId || freeId('role', role.name, new Set(opened.roles.map((each) => each.id.id)))
    const administrator = creatorIn(opened.roles, caller)
    const operation = this.#request(caller, opened, id, {
      role: { ...role, ...(administrator === undefined ? {} : { administrator }) },
    })
    return operationReply(await this.#context.operations.start(this.#kinds.create, operation))
  }

  async get(path: RolePath, signal: AbortSignal): Promise<RoleReply> {
    const { rows, roles } = await this.#open(path, signal)
    return roleReply(rows, find(roles, path.role))
  }

  async list(
    path: BranchPath,
    query: PageQuery,
    signal: AbortSignal,
  ): Promise<{ roles: RoleReply[]; next_page_token?: string }> {
    const { rows, roles } = await this.#open(path, signal)
    const name = `roles ${rows.branch.uid}`
    const page = readPage<string>(name, query, 'string')
    const rest = roles.filter(({ id }) => id.id > (page.after ?? ''))
    const { items, nextToken } = cutPage(name, rest, page.size, ({ id }) => id.id)
    return {
      roles: items.map((each) => roleReply(rows, each)),
      ...(nextToken === undefined ? {} : { next_page_token: nextToken }),
    }
  }

  async update(
    caller: Caller,
    path: RolePath,
    mask: string | undefined,
    spec: RoleSpec,
    signal: AbortSignal,
  ): Promise<OperationReply<RoleReply>> {
    const changed = parseUpdateMask(mask, { spec }, roleUpdate)
    const opened = await this.#open(path, signal)
    const present = find(opened.roles, path.role)
    return this.#startUpdate(caller, opened, present, changesOf(spec, changed, mask))
  }

  async delete(
    caller: Caller,
    path: RolePath,
    reassignOwnedTo: string | undefined,
    signal: AbortSignal,
  ): Promise<OperationReply<Empty>> {
    const opened = await this.#open(path, signal)
    const present = find(opened.roles, path.role)
    const heir = reassignOwnedTo ? ownerNamed(opened.rows, opened.roles, reassignOwnedTo) : undefined
    if (heir === present.object.name) {
      throw new LakeletError('invalid_parameter', {
        reason: 'reassign_owned_to names the role that is deleted.',
      })
    }
    const operation = this.#request(caller, opened, present.id.id, {
      name: present.object.name,
      oid: present.id.oid,
      reassignTo: heir,
    })
    return operationReply(await this.#context.operations.start(this.#kinds.delete, operation))
  }

  async #open(path: BranchPath, signal: AbortSignal): Promise<Opened> {
    const rows = await liveBranch(this.#context.metadata.db, path)
    const endpointUid = await catalogEndpoint(this.#context.metadata.db, rows)
    const roles = await this.#context.computes.withAdmin(
      endpointUid,
      (admin) => knownRoles(this.#context, admin, rows.branch.uid),
      { signal },
    )
    return { rows, endpointUid, roles }
  }

  async #startUpdate(
    caller: Caller,
    opened: Opened,
    present: Known<Role>,
    changes: RoleChanges,
  ): Promise<OperationReply<RoleReply>> {
    const input = { name: present.object.name, changes }
    const request = this.#request(caller, opened, present.id.id, input)
    return operationReply(await this.#context.operations.start(this.#kinds.update, request))
  }

  #request<E extends object>(
    caller: Caller,
    { rows, endpointUid }: Opened,
    id: string,
    input: E,
  ): OperationRequest<CatalogInput & E> {
    const { project, branch } = rows
    return {
      resource: roleName(project.project_id, branch.branch_id, id),
      objectUid: project.uid,
      callerId: caller.id,
      input: { projectUid: project.uid, branchUid: branch.uid, endpointUid, id, ...input },
      locks: [{ scope: lockOf.branch(project.uid, branch.uid), mode: 'exclusive' }],
    }
  }

  #newRole(name: string, spec: RoleSpec): NewRole {
    const { identity_type: type = 'IDENTITY_TYPE_UNSPECIFIED', auth_method: method } = spec
    const isManaged = type !== 'IDENTITY_TYPE_UNSPECIFIED'
    checkMethod(method, isManaged)
    const identity = isManaged ? this.#context.principals.findIdentity(type, name) : undefined
    if (isManaged && !identity)
      throw new LakeletError('identity_unknown', { type: IDENTITY_WORDS[type], name })
    return {
      name: identity?.name ?? name,
      attributes: {
        createdb: spec.attributes?.createdb ?? false,
        createrole: spec.attributes?.createrole ?? false,
        bypassrls: spec.attributes?.bypassrls ?? false,
      },
      isSuperuserMember: spec.membership_roles?.includes('DATABRICKS_SUPERUSER') ?? false,
      canLogin: method !== 'NO_LOGIN',
      ...(identity ? { identity: { type: identity.type, id: identity.id } } : {}),
    }
  }

  /** Who may only use a project must not get more than that through a role. */
  async #refusePrivileges(caller: Caller, { project }: BranchRows, spec: RoleSpec): Promise<void> {
    const { createdb, createrole, bypassrls } = spec.attributes ?? {}
    const isPrivileged = (spec.membership_roles?.length ?? 0) > 0 || createdb || createrole || bypassrls
    if (isPrivileged) await requireManage(this.#context, caller, project, 'create a role with privileges')
  }
}

const IDENTITY_WORDS = { USER: 'user', SERVICE_PRINCIPAL: 'service principal', GROUP: 'group' } as const

/** A role as the API shows it. */
export function roleReply({ project, branch }: BranchRows, { object, id }: Known<Role>): RoleReply {
  return {
    name: roleName(project.project_id, branch.branch_id, id.id),
    role_id: id.id,
    parent: branchName(project.project_id, branch.branch_id),
    create_time: id.create_time,
    update_time: id.update_time,
    status: {
      role_id: id.id,
      postgres_role: object.name,
      identity_type: object.identity?.type ?? 'IDENTITY_TYPE_UNSPECIFIED',
      auth_method: methodOf(object),
      ...(object.isSuperuserMember ? { membership_roles: ['DATABRICKS_SUPERUSER'] } : {}),
      attributes: object.attributes,
    },
  }
}

/** The Postgres name of the role that `name`, a full resource name or an id, stands for. LakeletError `owner_role_not_found`. */
export function ownerNamed(
  { project, branch }: BranchRows,
  roles: readonly Known<Role>[],
  name: string,
): string {
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
  return found.object.name
}

/** The caller's own role when it might have run CREATE ROLE itself: it may set the new role's password, grant it and drop it. */
function creatorIn(roles: readonly Known<Role>[], caller: Caller): string | undefined {
  const own = roles.find(({ object }) => object.name === caller.name && object.identity !== undefined)
  return own?.object.attributes.createrole ? own.object.name : undefined
}

function methodOf(role: Role): RoleReply['status']['auth_method'] {
  if (!role.canLogin) return 'NO_LOGIN'
  return role.identity ? 'LAKEBASE_OAUTH_V1' : 'PG_PASSWORD_SCRAM_SHA_256'
}

function find(roles: readonly Known<Role>[], id: string): Known<Role> {
  const found = roles.find((role) => role.id.id === id)
  if (!found) throw notFound('role')
  return found
}

function checkMethod(method: RoleSpec['auth_method'], isManaged: boolean): void {
  if (method === 'LAKEBASE_OAUTH_V1' && !isManaged) {
    throw new LakeletError('invalid_parameter', {
      reason:
        "Field 'spec.auth_method': LAKEBASE_OAUTH_V1 is for roles with an identity. Set spec.identity_type.",
    })
  }
  if (method === 'PG_PASSWORD_SCRAM_SHA_256' && isManaged) {
    throw new LakeletError('invalid_parameter', {
      reason:
        "Field 'spec.auth_method': a role with an identity logs in with LAKEBASE_OAUTH_V1, not with a password.",
    })
  }
}

/** What `replace_existing` changes: the attributes that are given and all memberships, never name, identity or login method. */
function overwrite(spec: RoleSpec): RoleChanges {
  return { attributes: givenAttributes(spec), isSuperuserMember: wantsMembership(spec) }
}

/** A mask that names the whole resource, or `spec` beside other paths, asks for every attribute; `spec` alone for those given. */
function changesOf(spec: RoleSpec, changed: ReadonlySet<string>, mask: string | undefined): RoleChanges {
  const paths = (mask ?? '').split(',').map((path) => path.trim())
  const given = givenAttributes(spec)
  const isWhole = paths.includes('*') || (paths.includes('spec') && paths.length > 1)
  const missing = ATTRIBUTES.filter((name) => given[name] === undefined)
  if (isWhole && missing.length > 0) {
    throw new LakeletError('invalid_parameter', {
      reason: `update_mask '${mask}' needs a value for spec.attributes.${missing.join(' and spec.attributes.')}.`,
    })
  }
  const attributes = Object.entries(given).filter(([name]) => changed.has(`spec.attributes.${name}`))
  const setsMembership = isWhole || paths.includes('spec') || changed.has('spec.membership_roles')
  return {
    ...(attributes.length > 0 ? { attributes: Object.fromEntries(attributes) } : {}),
    ...(setsMembership ? { isSuperuserMember: wantsMembership(spec) } : {}),
  }
}

const ATTRIBUTES = ['createdb', 'createrole', 'bypassrls'] as const

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
