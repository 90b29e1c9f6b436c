import {
  type Database as DatabaseView,
  databaseName,
  type DatabaseSpec,
  databaseUpdate,
  parseUpdateMask,
} from '@lakelet/api'
import type { Caller } from '../../base/caller.ts'
import { LakeletError } from '../../base/errors.ts'
import type { Database, Role } from '../../postgres/index.ts'
import type { OpenedCatalog } from '../catalog/catalogs.ts'
import type { Known } from '../catalog/known-catalog.ts'
import type { ControlContext } from '../context.ts'
import type { DatabaseChanges, DatabaseOperations } from '../operations/databases.ts'
import type { PageQuery } from '../rules/pages.ts'
import { requireManage } from '../rules/project-access.ts'
import { checkId } from '../rules/resource-ids.ts'
import { type BranchPath, type BranchRows, liveBranch } from '../rules/resolve.ts'
import { isOwnRole, ownerNamed } from '../rules/role.ts'
import { viewDatabase } from '../views/database.ts'
import { type Empty, type OperationView, viewOperation } from '../views/operation.ts'
import { catalogRequest, findKnown, idOfNew, pageOfKnown } from './catalog-objects.ts'

export interface DatabasePath extends BranchPath {
  readonly database: string
}

export class Databases {
  readonly #context: ControlContext
  readonly #kinds: DatabaseOperations

  constructor(context: ControlContext, kinds: DatabaseOperations) {
    this.#context = context
    this.#kinds = kinds
  }

  /** Who may use the project may make a database of an own role; replacing one or giving one to others takes CAN_MANAGE. */
  async create(
    caller: Caller,
    path: BranchPath,
    request: {
      readonly databaseId: string | undefined
      readonly spec: DatabaseSpec
      readonly replaceExisting: boolean
    },
    signal: AbortSignal,
  ): Promise<OperationView<DatabaseView>> {
    const { databaseId: wantedId, spec } = request
    if (wantedId) checkId('database_id', wantedId)
    const rows = await this.#rows(path)
    const name = spec.postgres_database ?? (wantedId ?? '').replaceAll('-', '_')
    if (name === '') throw new LakeletError('field_required', { field: 'database_id' })
    const opened = await this.#context.catalogs.current(rows, signal)
    const present = opened.databases.find(({ object, id }) => object.name === name || id.id === wantedId)
    if (present && !request.replaceExisting) throw new LakeletError('name_exists', { type: 'database' })
    if (present) await requireManage(this.#context, caller, rows.project, 'replace a database')
    if (!present && !spec.role) throw new LakeletError('field_required', { field: 'database.spec.role' })
    const owner = spec.role ? ownerNamed(rows, opened.roles, spec.role) : undefined
    if (present) {
      if (wantedId && present.id.id !== wantedId) throw new LakeletError('name_exists', { type: 'database' })
      return this.#startUpdate(caller, opened, present, { name, ownerOid: owner?.object.oid })
    }
    if (owner) await this.#refuseForeign(caller, rows, owner)
    const id = idOfNew('database', opened.databases, wantedId, name)
    const operation = catalogRequest(caller, opened, this.#named(rows, id), {
      name,
      ownerOid: owner?.object.oid ?? 0,
    })
    return viewOperation(await this.#context.operations.start(this.#kinds.create, operation))
  }

  async get(path: DatabasePath, signal: AbortSignal): Promise<DatabaseView> {
    const rows = await this.#rows(path)
    const { databases, roles, observedTime } = await this.#context.catalogs.known(rows, signal)
    return viewDatabase(rows, findKnown('database', databases, path.database), roles, observedTime)
  }

  async list(
    path: BranchPath,
    query: PageQuery,
    signal: AbortSignal,
  ): Promise<{ databases: DatabaseView[]; next_page_token?: string }> {
    const rows = await this.#rows(path)
    const { databases, roles, observedTime } = await this.#context.catalogs.known(rows, signal)
    const { items, ...next } = pageOfKnown('database', rows, databases, query)
    return { databases: items.map((each) => viewDatabase(rows, each, roles, observedTime)), ...next }
  }

  async update(
    caller: Caller,
    path: DatabasePath,
    mask: string | undefined,
    spec: DatabaseSpec,
    signal: AbortSignal,
  ): Promise<OperationView<DatabaseView>> {
    const changed = parseUpdateMask(mask, { spec }, databaseUpdate)
    const opened = await this.#context.catalogs.current(await this.#rows(path), signal)
    const present = findKnown('database', opened.databases, path.database)
    const name = changed.has('spec.postgres_database') ? spec.postgres_database : undefined
    const role = changed.has('spec.role') ? spec.role : undefined
    if (name !== undefined && name !== present.object.name) {
      const isTaken = opened.databases.some(({ object }) => object.name === name)
      if (isTaken) throw new LakeletError('name_exists', { type: 'database' })
    }
    return this.#startUpdate(caller, opened, present, {
      name,
      ownerOid: role === undefined ? undefined : ownerNamed(opened.rows, opened.roles, role).object.oid,
    })
  }

  async delete(caller: Caller, path: DatabasePath, signal: AbortSignal): Promise<OperationView<Empty>> {
    const opened = await this.#context.catalogs.current(await this.#rows(path), signal)
    const { object, id } = findKnown('database', opened.databases, path.database)
    const operation = catalogRequest(caller, opened, this.#named(opened.rows, id.id), { oid: object.oid })
    return viewOperation(await this.#context.operations.start(this.#kinds.delete, operation))
  }

  async #startUpdate(
    caller: Caller,
    opened: OpenedCatalog,
    { object, id }: Known<Database>,
    changes: DatabaseChanges,
  ): Promise<OperationView<DatabaseView>> {
    const input = { oid: object.oid, changes }
    const operation = catalogRequest(caller, opened, this.#named(opened.rows, id.id), input)
    return viewOperation(await this.#context.operations.start(this.#kinds.update, operation))
  }

  async #refuseForeign(caller: Caller, { project }: BranchRows, owner: Known<Role>): Promise<void> {
    if (isOwnRole(caller, owner)) return
    await requireManage(this.#context, caller, project, `create a database owned by role '${owner.id.id}'`)
  }

  #rows(path: BranchPath): Promise<BranchRows> {
    return liveBranch(this.#context.metadata.db, path)
  }

  #named({ project, branch }: BranchRows, id: string) {
    return { id, resource: databaseName(project.project_id, branch.branch_id, id) }
  }
}
