import { parseUpdateMask, type Role as RoleView, roleName, type RoleSpec, roleUpdate } from '@lakelet/api'
import type { Caller } from '../../base/caller.ts'
import { LakeletError } from '../../base/errors.ts'
import { findLoginRole, type Role, type RoleChanges } from '../../postgres/index.ts'
import type { OpenedCatalog } from '../catalog/catalogs.ts'
import type { Known } from '../catalog/known-catalog.ts'
import { onCatalog } from '../catalog/work.ts'
import type { ControlContext } from '../context.ts'
import type { RoleOperations } from '../operations/roles.ts'
import type { PageQuery } from '../rules/pages.ts'
import { requireManage } from '../rules/project-access.ts'
import { checkId } from '../rules/resource-ids.ts'
import { type BranchPath, type BranchRows, liveBranch } from '../rules/resolve.ts'
import { creatorIn, isPrivileged, newRole, overwrite, ownerNamed, roleChanges } from '../rules/role.ts'
import { type Empty, type OperationView, viewOperation } from '../views/operation.ts'
import { viewRole } from '../views/role.ts'
import { catalogRequest, findKnown, idOfNew, pageOfKnown } from './catalog-objects.ts'

export interface RolePath extends BranchPath {
  readonly role: string
}

export class Roles {
  readonly #context: ControlContext
  readonly #kinds: RoleOperations

  constructor(context: ControlContext, kinds: RoleOperations) {
    this.#context = context
    this.#kinds = kinds
  }

  /** Who may use the project may make a role without privileges; making a privileged one or replacing one takes CAN_MANAGE. */
  async create(
    caller: Caller,
    path: BranchPath,
    request: {
      readonly roleId: string | undefined
      readonly spec: RoleSpec
      readonly replaceExisting: boolean
    },
    signal: AbortSignal,
  ): Promise<OperationView<RoleView>> {
    const { spec, roleId: wantedId } = request
    if (wantedId) checkId('role_id', wantedId)
    const rows = await this.#rows(path)
    if (!spec.postgres_role) throw new LakeletError('field_required', { field: 'role.spec.postgres_role' })
    if (isPrivileged(spec)) {
      await requireManage(this.#context, caller, rows.project, 'create a role with privileges')
    }
    const role = newRole(this.#context.principals, spec.postgres_role, spec)
    const opened = await this.#context.catalogs.current(rows, signal)
    const replaced = request.replaceExisting ? opened.roles.find(({ id }) => id.id === wantedId) : undefined
    if (replaced) {
      await requireManage(this.#context, caller, rows.project, 'replace a role')
      return this.#startUpdate(caller, opened, replaced, overwrite(spec))
    }
    const isTaken = opened.roles.some(({ object, id }) => object.name === role.name || id.id === wantedId)
    if (isTaken) throw new LakeletError('name_exists', { type: 'role' })
    const id = idOfNew('role', opened.roles, wantedId, role.name)
    const administrator = creatorIn(opened.roles, caller)
    const isNative = role.identity === undefined && role.canLogin
    const verifier = isNative ? await this.#context.rolePasswords.make(rows.project.uid) : undefined
    const operation = catalogRequest(caller, opened, this.#named(rows, id), {
      role: {
        ...role,
        ...(administrator === undefined ? {} : { administrator }),
        ...(verifier === undefined ? {} : { verifier }),
      },
    })
    return viewOperation(await this.#context.operations.start(this.#kinds.create, operation))
  }

  async get(path: RolePath, signal: AbortSignal): Promise<RoleView> {
    const rows = await this.#rows(path)
    const { roles, observedTime } = await this.#context.catalogs.known(rows, signal)
    return viewRole(rows, findKnown('role', roles, path.role), observedTime)
  }

  async list(
    path: BranchPath,
    query: PageQuery,
    signal: AbortSignal,
  ): Promise<{ roles: RoleView[]; next_page_token?: string }> {
    const rows = await this.#rows(path)
    const { roles, observedTime } = await this.#context.catalogs.known(rows, signal)
    const { items, ...next } = pageOfKnown('role', rows, roles, query)
    return { roles: items.map((each) => viewRole(rows, each, observedTime)), ...next }
  }

  async update(
    caller: Caller,
    path: RolePath,
    mask: string | undefined,
    spec: RoleSpec,
    signal: AbortSignal,
  ): Promise<OperationView<RoleView>> {
    const changed = parseUpdateMask(mask, { spec }, roleUpdate)
    const opened = await this.#context.catalogs.current(await this.#rows(path), signal)
    const present = findKnown('role', opened.roles, path.role)
    return this.#startUpdate(caller, opened, present, roleChanges(spec, changed, mask))
  }

  /** The password that was made for the role, as it is now: wakes the compute. */
  async revealPassword(path: RolePath, signal: AbortSignal): Promise<{ password: string }> {
    const { roles, endpointUid } = await this.#context.catalogs.current(await this.#rows(path), signal)
    const { name } = findKnown('role', roles, path.role).object
    const login = await onCatalog(this.#context, endpointUid, (admin) => findLoginRole(admin, name), signal)
    if (!login) throw new LakeletError('role_missing', { role: name })
    return { password: await this.#context.rolePasswords.reveal(login) }
  }

  async delete(
    caller: Caller,
    path: RolePath,
    reassignOwnedTo: string | undefined,
    signal: AbortSignal,
  ): Promise<OperationView<Empty>> {
    const opened = await this.#context.catalogs.current(await this.#rows(path), signal)
    const { object, id } = findKnown('role', opened.roles, path.role)
    const heir = reassignOwnedTo ? ownerNamed(opened.rows, opened.roles, reassignOwnedTo).object : undefined
    if (heir?.oid === object.oid) {
      throw new LakeletError('invalid_parameter', {
        reason: 'reassign_owned_to names the role that is deleted.',
      })
    }
    const operation = catalogRequest(caller, opened, this.#named(opened.rows, id.id), {
      oid: object.oid,
      heirOid: heir?.oid,
    })
    return viewOperation(await this.#context.operations.start(this.#kinds.delete, operation))
  }

  async #startUpdate(
    caller: Caller,
    opened: OpenedCatalog,
    { object, id }: Known<Role>,
    changes: RoleChanges,
  ): Promise<OperationView<RoleView>> {
    const input = { oid: object.oid, changes }
    const request = catalogRequest(caller, opened, this.#named(opened.rows, id.id), input)
    return viewOperation(await this.#context.operations.start(this.#kinds.update, request))
  }

  #rows(path: BranchPath): Promise<BranchRows> {
    return liveBranch(this.#context.metadata.db, path)
  }

  #named({ project, branch }: BranchRows, id: string) {
    return { id, resource: roleName(project.project_id, branch.branch_id, id) }
  }
}
