import {
  branchName,
  type Database as DatabaseReply,
  databaseName,
  type DatabaseSpec,
  databaseUpdate,
  parseUpdateMask,
  roleName,
} from '@lakelet/api'
import type { Caller } from '../../base/caller.ts'
import { LakeletError } from '../../base/errors.ts'
import type { Database, Role } from '../../postgres/index.ts'
import type { CatalogInput } from '../operations/catalog-input.ts'
import type { DatabaseOperations } from '../operations/database-operations.ts'
import type { OperationRequest } from '../../operations/operations.ts'
import { catalogEndpoint, type Known, knownDatabases, knownRoles } from './branch-catalog.ts'
import { freeId } from './catalog.ts'
import { type ControlContext, LIMITS } from './context.ts'
import { type Empty, type OperationReply, operationReply } from './operation-reply.ts'
import { cutPage, type PageQuery, readPage } from './pages.ts'
import { checkId } from './resource-ids.ts'
import { type BranchPath, type BranchRows, liveBranch, lockOf, notFound } from './resolve.ts'
import { ownerNamed } from './roles.ts'

export interface DatabasePath extends BranchPath {
  readonly database: string
}

interface Opened {
  readonly rows: BranchRows
  readonly endpointUid: string
  readonly databases: readonly Known<Database>[]
  readonly roles: readonly Known<Role>[]
}

export class Databases {
  readonly #context: ControlContext
  readonly #kinds: DatabaseOperations

  constructor(context: ControlContext, kinds: DatabaseOperations) {
    this.#context = context
    this.#kinds = kinds
  }

  async create(
    caller: Caller,
    path: BranchPath,
    request: {
      readonly databaseId: string | undefined
      readonly spec: DatabaseSpec
      readonly replaceExisting: boolean
    },
    signal: AbortSignal,
  ): Promise<OperationReply<DatabaseReply>> {
    const { databaseId: wantedId, spec } = request
    if (wantedId) checkId('database_id', wantedId)
    const rows = await liveBranch(this.#context.metadata.db, path)
    const name = spec.postgres_database ?? (wantedId ?? '').replaceAll('-', '_')
    if (name === '') throw new LakeletError('field_required', { field: 'database_id' })
    const opened = await this.#open(rows, signal)
    const present = opened.databases.find(({ object, id }) => object.name === name || id.id === wantedId)
    if (present && !request.replaceExisting) throw new LakeletError('name_exists', { type: 'database' })
    if (!present && !spec.role) throw new LakeletError('field_required', { field: 'database.spec.role' })
    const owner = spec.role ? ownerNamed(rows, opened.roles, spec.role) : undefined
    if (present) {
      if (wantedId && present.id.id !== wantedId) throw new LakeletError('name_exists', { type: 'database' })
      return this.#startUpdate(caller, opened, present, { name, ...(owner === undefined ? {} : { owner }) })
    }
    if (opened.databases.length >= LIMITS.databasesPerBranch) {
      throw new LakeletError('limit_reached', { what: 'databases', limit: LIMITS.databasesPerBranch })
    }
    const id = wantedId || freeId('database', name, new Set(opened.databases.map((each) => each.id.id)))
    const operation = this.#request(caller, opened, id, { database: { name, owner: owner ?? '' } })
    return operationReply(await this.#context.operations.start(this.#kinds.create, operation))
  }

  async get(path: DatabasePath, signal: AbortSignal): Promise<DatabaseReply> {
    const opened = await this.#open(await liveBranch(this.#context.metadata.db, path), signal)
    return databaseReply(opened.rows, find(opened.databases, path.database), opened.roles)
  }

  async list(
    path: BranchPath,
    query: PageQuery,
    signal: AbortSignal,
  ): Promise<{ databases: DatabaseReply[]; next_page_token?: string }> {
    const { rows, databases, roles } = await this.#open(
      await liveBranch(this.#context.metadata.db, path),
      signal,
    )
    const name = `databases ${rows.branch.uid}`
    const page = readPage<string>(name, query, 'string')
    const rest = databases.filter(({ id }) => id.id > (page.after ?? ''))
    const { items, nextToken } = cutPage(name, rest, page.size, ({ id }) => id.id)
    return {
      databases: items.map((each) => databaseReply(rows, each, roles)),
      ...(nextToken === undefined ? {} : { next_page_token: nextToken }),
    }
  }

  async update(
    caller: Caller,
    path: DatabasePath,
    mask: string | undefined,
    spec: DatabaseSpec,
    signal: AbortSignal,
  ): Promise<OperationReply<DatabaseReply>> {
    const changed = parseUpdateMask(mask, { spec }, databaseUpdate)
    const opened = await this.#open(await liveBranch(this.#context.metadata.db, path), signal)
    const present = find(opened.databases, path.database)
    const name = changed.has('spec.postgres_database') ? spec.postgres_database : undefined
    const role = changed.has('spec.role') ? spec.role : undefined
    if (name !== undefined && name !== present.object.name) {
      const isTaken = opened.databases.some(({ object }) => object.name === name)
      if (isTaken) throw new LakeletError('name_exists', { type: 'database' })
    }
    return this.#startUpdate(caller, opened, present, {
      ...(name === undefined ? {} : { name }),
      ...(role === undefined ? {} : { owner: ownerNamed(opened.rows, opened.roles, role) }),
    })
  }

  async delete(caller: Caller, path: DatabasePath, signal: AbortSignal): Promise<OperationReply<Empty>> {
    const opened = await this.#open(await liveBranch(this.#context.metadata.db, path), signal)
    const present = find(opened.databases, path.database)
    const operation = this.#request(caller, opened, present.id.id, {
      name: present.object.name,
      oid: present.id.oid,
    })
    return operationReply(await this.#context.operations.start(this.#kinds.delete, operation))
  }

  async #startUpdate(
    caller: Caller,
    opened: Opened,
    present: Known<Database>,
    changes: Partial<Database>,
  ): Promise<OperationReply<DatabaseReply>> {
    const operation = this.#request(caller, opened, present.id.id, {
      name: present.object.name,
      oid: present.id.oid,
      changes,
    })
    return operationReply(await this.#context.operations.start(this.#kinds.update, operation))
  }

  async #open(rows: BranchRows, signal: AbortSignal): Promise<Opened> {
    const endpointUid = await catalogEndpoint(this.#context.metadata.db, rows)
    return this.#context.computes.withAdmin(
      endpointUid,
      async (admin) => ({
        rows,
        endpointUid,
        roles: await knownRoles(this.#context, admin, rows.branch.uid),
        databases: await knownDatabases(this.#context, admin, rows.branch.uid),
      }),
      { signal },
    )
  }

  #request<E extends object>(
    caller: Caller,
    { rows, endpointUid }: Opened,
    id: string,
    input: E,
  ): OperationRequest<CatalogInput & E> {
    const { project, branch } = rows
    return {
      resource: databaseName(project.project_id, branch.branch_id, id),
      objectUid: project.uid,
      callerId: caller.id,
      input: { projectUid: project.uid, branchUid: branch.uid, endpointUid, id, ...input },
      locks: [{ scope: lockOf.branch(project.uid, branch.uid), mode: 'exclusive' }],
    }
  }
}

/** A database as the API shows it. One that belongs to a role of the system shows that role's Postgres name as its id. */
export function databaseReply(
  { project, branch }: BranchRows,
  { object, id }: Known<Database>,
  roles: readonly Known<Role>[],
): DatabaseReply {
  const owner = roles.find((role) => role.object.name === object.owner)?.id.id ?? object.owner
  return {
    name: databaseName(project.project_id, branch.branch_id, id.id),
    database_id: id.id,
    parent: branchName(project.project_id, branch.branch_id),
    create_time: id.create_time,
    update_time: id.update_time,
    status: {
      database_id: id.id,
      postgres_database: object.name,
      role: roleName(project.project_id, branch.branch_id, owner),
    },
  }
}

function find(databases: readonly Known<Database>[], id: string): Known<Database> {
  const found = databases.find((database) => database.id.id === id)
  if (!found) throw notFound('database')
  return found
}
