import {
  type Branch,
  branchName,
  type BranchSpec,
  branchUpdate,
  parseResourceName,
  parseUpdateMask,
  secondsOf,
} from '@lakelet/api'
import type { Caller } from '../../base/caller.ts'
import { LakeletError } from '../../base/errors.ts'
import {
  allBranchesOf,
  type BranchRow,
  childrenOf,
  findBranch,
  insertBranch,
  listBranches,
  type NewBranchRow,
  updateBranch,
} from '../../metadata/branches.ts'
import type { Queries } from '../../metadata/database.ts'
import { insertEndpoint } from '../../metadata/endpoints.ts'
import { defaultEndpointSettingsOf, type ProjectRow } from '../../metadata/projects.ts'
import type { BranchOperations } from '../operations/branch-operations.ts'
import { readExpiry } from '../rules/branch-expiry.ts'
import { type ControlContext, LIMITS } from '../context.ts'
import { MANAGED_BY_PARENT } from './managed-by-parent.ts'
import { newBranch, newEndpoint } from './new-rows.ts'
import { type Empty, type OperationReply, operationReply } from '../views/operation.ts'
import { cutPage, type PageQuery, readPage } from '../rules/pages.ts'
import type { ReadCache } from '../read-cache.ts'
import { branchFacts, branchReply } from '../views/resources.ts'
import { checkId } from '../rules/resource-ids.ts'
import {
  anyBranch,
  type BranchPath,
  type BranchRows,
  liveBranch,
  liveProject,
  lockOf,
  notFound,
  primaryEndpoint,
} from '../rules/resolve.ts'

const FIRST_ENDPOINT = 'primary'

export class Branches {
  readonly #context: ControlContext
  readonly #kinds: BranchOperations
  readonly #cache: ReadCache

  constructor(context: ControlContext, kinds: BranchOperations, cache: ReadCache) {
    this.#context = context
    this.#kinds = kinds
    this.#cache = cache
  }

  async create(
    caller: Caller,
    projectId: string,
    branchId: string,
    spec: BranchSpec,
    replaceExisting: boolean,
  ): Promise<OperationReply<Branch>> {
    checkId('branch_id', branchId)
    const { db } = this.#context.metadata
    const project = await liveProject(db, projectId)
    const present = await findBranch(db, project.uid, branchId)
    if (present?.delete_time === null && present.branch_id === branchId) {
      if (!replaceExisting) throw new LakeletError('already_exists', { type: 'branch' })
      return this.#change(caller, { project, branch: present }, spec, fieldsOf(spec))
    }
    refusePast(spec)
    const source = await this.#source(db, project, spec.source_branch)
    const sourceEndpoint = await primaryEndpoint(db, source.uid)
    const { branch, endpoint } = this.#newRows(project, source, branchId, spec)
    const row = await this.#context.operations.start(this.#kinds.create, {
      resource: branchName(project.project_id, branchId),
      objectUid: project.uid,
      callerId: caller.id,
      input: {
        projectUid: project.uid,
        branchUid: branch.uid,
        endpointUid: endpoint.uid,
        sourceUid: source.uid,
        sourceEndpointUid: sourceEndpoint.uid,
      },
      locks: [
        { scope: lockOf.branch(project.uid, branch.uid), mode: 'exclusive' },
        { scope: lockOf.branch(project.uid, source.uid), mode: 'shared' },
      ],
      store: async (queries) => {
        await this.#refuseFull(queries, project)
        await this.#refuseTaken(queries, project, branchId)
        await this.#source(queries, project, source.uid)
        if (branch.is_protected === 1) await refuseSecondProtected(queries, project.uid, branch.uid)
        await insertBranch(queries, branch)
        await insertEndpoint(queries, endpoint)
      },
    })
    return operationReply(row)
  }

  async get(path: BranchPath): Promise<Branch> {
    const facts = await this.#cache.read(`branch ${path.project} ${path.branch}`, async (queries) => {
      const { project, branch } = await anyBranch(queries, path)
      return branchFacts(queries, project, branch)
    })
    return branchReply(facts)
  }

  async list(
    projectId: string,
    query: PageQuery & { readonly show_deleted?: boolean | undefined },
  ): Promise<{ branches: Branch[]; next_page_token?: string }> {
    const showDeleted = query.show_deleted === true
    const project = await this.#cache.read(`live project ${projectId}`, (queries) =>
      liveProject(queries, projectId),
    )
    const name = `branches ${project.uid}`
    const page = readPage<number>(name, query, 'number')
    const key = `${name} ${page.after ?? 0} ${page.size} ${showDeleted}`
    const facts = await this.#cache.read(key, async (queries) => {
      const rows = await listBranches(queries, project.uid, {
        afterSeq: page.after ?? 0,
        limit: page.size + 1,
        showDeleted,
      })
      return Promise.all(rows.map((row) => branchFacts(queries, project, row)))
    })
    const { items, nextToken } = cutPage(name, facts, page.size, ({ row }) => row.seq)
    return {
      branches: items.map((each) => branchReply(each)),
      ...(nextToken === undefined ? {} : { next_page_token: nextToken }),
    }
  }

  async update(
    caller: Caller,
    path: BranchPath,
    mask: string | undefined,
    spec: BranchSpec,
  ): Promise<OperationReply<Branch>> {
    const changed = parseUpdateMask(mask, { spec }, branchUpdate)
    return this.#change(caller, await liveBranch(this.#context.metadata.db, path), spec, changed)
  }

  async delete(
    caller: Caller,
    path: BranchPath,
    options: { readonly purge: boolean; readonly allowMissing: boolean },
  ): Promise<OperationReply<Empty>> {
    const { db } = this.#context.metadata
    const project = await liveProject(db, path.project)
    const branch = await findBranch(db, project.uid, path.branch)
    // A deleted branch can still be purged.
    if (!branch || (branch.delete_time !== null && !options.purge)) {
      if (!options.allowMissing) throw notFound('branch')
      const row = await this.#context.operations.start(this.#kinds.deleteMissing, {
        resource: branchName(project.project_id, path.branch),
        objectUid: project.uid,
        callerId: caller.id,
        input: {},
        locks: [],
      })
      return operationReply(row)
    }
    return this.#startDelete({ project, branch }, options.purge, caller.id)
  }

  /** Deletes a branch whose time is over. Throws what a delete by a caller would. */
  async expire(rows: BranchRows): Promise<void> {
    await this.#startDelete(rows, false, undefined)
  }

  async undelete(caller: Caller, path: BranchPath): Promise<OperationReply<Branch>> {
    const { project, branch } = await anyBranch(this.#context.metadata.db, path)
    if (branch.delete_time === null) throw new LakeletError('not_deleted', { type: 'branch' })
    const row = await this.#context.operations.start(this.#kinds.update, {
      resource: branchName(project.project_id, branch.branch_id),
      objectUid: project.uid,
      callerId: caller.id,
      input: { projectUid: project.uid, branchUid: branch.uid },
      locks: [{ scope: lockOf.branch(project.uid, branch.uid), mode: 'exclusive' }],
      store: async (queries) => {
        const now = this.#now()
        const { branch: current } = await anyBranch(queries, { project: project.uid, branch: branch.uid })
        if (current.delete_time === null) throw new LakeletError('not_deleted', { type: 'branch' })
        if (current.purge_time !== null && current.purge_time <= now) throw notFound('branch')
        await this.#refuseTaken(queries, project, branch.branch_id)
        await this.#refuseFull(queries, project)
        // Its time would be over at once; whoever wants it back wants to keep it.
        const isOver = current.expire_time !== null && current.expire_time <= now
        await updateBranch(queries, branch.uid, {
          delete_time: null,
          purge_time: null,
          update_time: now,
          state_change_time: now,
          ...(isOver ? { expire_time: null, ttl_seconds: null } : {}),
        })
      },
    })
    return operationReply(row)
  }

  async #startDelete(
    { project, branch }: BranchRows,
    purge: boolean,
    callerId: number | undefined,
  ): Promise<OperationReply<Empty>> {
    const row = await this.#context.operations.start(this.#kinds.delete, {
      resource: branchName(project.project_id, branch.branch_id),
      objectUid: project.uid,
      ...(callerId === undefined ? {} : { callerId }),
      input: { projectUid: project.uid, branchUid: branch.uid, purge },
      locks: [{ scope: lockOf.branch(project.uid, branch.uid), mode: 'exclusive' }],
      store: async (queries) => {
        const found = { project: project.uid, branch: branch.uid }
        const current = purge ? await anyBranch(queries, found) : await liveBranch(queries, found)
        await refuseDelete(queries, current)
        const now = this.#now()
        const keepMs = purge ? 0 : this.#context.defaults.undeleteSeconds * 1000
        await updateBranch(queries, branch.uid, {
          delete_time: current.branch.delete_time ?? now,
          purge_time: new Date(Date.parse(now) + keepMs).toISOString(),
          state_change_time: now,
        })
      },
    })
    return operationReply(row)
  }

  async #change(
    caller: Caller,
    { project, branch }: BranchRows,
    spec: BranchSpec,
    changed: ReadonlySet<string>,
  ): Promise<OperationReply<Branch>> {
    const row = await this.#context.operations.start(this.#kinds.update, {
      resource: branchName(project.project_id, branch.branch_id),
      objectUid: project.uid,
      callerId: caller.id,
      input: { projectUid: project.uid, branchUid: branch.uid },
      locks: [{ scope: lockOf.branch(project.uid, branch.uid), mode: 'exclusive' }],
      store: async (queries) => {
        const current = await liveBranch(queries, { project: project.uid, branch: branch.uid })
        const changes = await this.#changes(queries, current, spec, changed)
        await updateBranch(queries, branch.uid, { ...changes, update_time: this.#now() })
      },
    })
    return operationReply(row)
  }

  async #changes(
    queries: Queries,
    { project, branch }: BranchRows,
    spec: BranchSpec,
    changed: ReadonlySet<string>,
  ): Promise<Partial<NewBranchRow>> {
    await this.#refuseNewSource(queries, { project, branch }, spec, changed)
    const expiry = changed.has('spec.expiration') ? readExpiry(spec, this.#context.clock.now()) : undefined
    const isProtected = changed.has('spec.is_protected')
      ? spec.is_protected === true
      : branch.is_protected === 1
    const expireTime = expiry ? expiry.expire_time : branch.expire_time
    if (isProtected && expireTime !== null) {
      throw invalid('A protected branch cannot expire. Set spec.no_expiry, or leave it unprotected.')
    }
    if (isProtected && branch.is_protected === 0)
      await refuseSecondProtected(queries, project.uid, branch.uid)
    if (expiry && expiry.expire_time !== null) await this.#refuseExpiry(queries, { project, branch })
    return { is_protected: Number(isProtected), ...expiry }
  }

  async #refuseExpiry(queries: Queries, { project, branch }: BranchRows): Promise<void> {
    if (project.default_branch_uid === branch.uid) throw invalid('The default branch cannot expire.')
    if (branch.source_branch_uid === null) throw invalid('A root branch cannot expire.')
    if ((await childrenOf(queries, branch.uid)).length > 0) {
      throw invalid('A branch that has children cannot expire.')
    }
  }

  async #refuseNewSource(
    queries: Queries,
    { project, branch }: BranchRows,
    spec: BranchSpec,
    changed: ReadonlySet<string>,
  ): Promise<void> {
    if (changed.has('spec.source_branch') && spec.source_branch !== undefined) {
      const source = await this.#find(queries, project, spec.source_branch)
      if (source.uid !== branch.source_branch_uid) throw immutable('spec.source_branch')
    }
    if (changed.has('spec.source_branch_lsn') && spec.source_branch_lsn !== branch.source_lsn) {
      throw immutable('spec.source_branch_lsn')
    }
    const time = spec.source_branch_time
    if (changed.has('spec.source_branch_time') && time !== undefined) {
      if (Date.parse(time) !== Date.parse(branch.source_time ?? ''))
        throw immutable('spec.source_branch_time')
    }
    if (changed.has('spec.source_snapshot')) throw immutable('spec.source_snapshot')
  }

  #newRows(project: ProjectRow, source: BranchRow, branchId: string, spec: BranchSpec) {
    const now = this.#context.clock.now()
    const expiry = readExpiry(spec, now)
    if (spec.is_protected === true && (expiry?.expire_time ?? null) !== null) {
      throw invalid('A protected branch cannot expire. Set spec.no_expiry, or leave it unprotected.')
    }
    const branch = newBranch(
      {
        branch_id: branchId,
        project_uid: project.uid,
        source_branch_uid: source.uid,
        is_protected: Number(spec.is_protected ?? false),
        ...expiry,
      },
      now.toISOString(),
    )
    const settings = defaultEndpointSettingsOf(project)
    const timeout = settings.suspend_timeout_duration
    const endpoint = newEndpoint(
      {
        endpointId: FIRST_ENDPOINT,
        branchUid: branch.uid,
        size: {
          minCu: settings.autoscaling_limit_min_cu ?? this.#context.defaults.minCu,
          maxCu: settings.autoscaling_limit_max_cu ?? this.#context.defaults.maxCu,
          suspendSeconds: timeout === undefined ? null : secondsOf(timeout),
        },
        pgSettings: settings.pg_settings ?? {},
      },
      now.toISOString(),
    )
    return { branch, endpoint }
  }

  /** The branch to copy: ready, and not one that will go by itself. */
  async #source(queries: Queries, project: ProjectRow, name: string | undefined): Promise<BranchRow> {
    const source = await this.#find(queries, project, name ?? project.default_branch_uid)
    if (source.state !== 'READY') {
      throw new LakeletError('branch_not_ready', { name: source.branch_id, state: source.state })
    }
    if (source.expire_time !== null) {
      throw invalid(
        `Branch '${source.branch_id}' expires, so no branch can be made from it. Set its spec.no_expiry first.`,
      )
    }
    return source
  }

  async #find(queries: Queries, project: ProjectRow, name: string): Promise<BranchRow> {
    const parsed = name.includes('/') ? parseResourceName(name) : { project: project.uid, branch: name }
    const isHere = parsed?.project === project.project_id || parsed?.project === project.uid
    if (!parsed?.branch || !isHere) {
      throw invalid(
        `Field 'spec.source_branch' must be the full name of a branch of this project, such as 'projects/${project.project_id}/branches/production'.`,
      )
    }
    const { branch } = await liveBranch(queries, { project: project.uid, branch: parsed.branch })
    return branch
  }

  async #refuseTaken(queries: Queries, project: ProjectRow, branchId: string): Promise<void> {
    const present = await findBranch(queries, project.uid, branchId)
    if (present?.delete_time === null) throw new LakeletError('already_exists', { type: 'branch' })
  }

  async #refuseFull(queries: Queries, project: ProjectRow): Promise<void> {
    const live = (await allBranchesOf(queries, project.uid)).filter((branch) => branch.delete_time === null)
    if (live.length >= LIMITS.branchesPerProject) {
      throw new LakeletError('limit_reached', { what: 'branches', limit: LIMITS.branchesPerProject })
    }
  }

  #now(): string {
    return this.#context.clock.now().toISOString()
  }
}

async function refuseDelete(queries: Queries, { project, branch }: BranchRows): Promise<void> {
  if (branch.is_protected === 1) throw new LakeletError('branch_protected')
  if (branch.source_branch_uid === null) {
    throw new LakeletError(
      'branch_is_root',
      { name: branchName(project.project_id, branch.branch_id) },
      { details: MANAGED_BY_PARENT },
    )
  }
  if (project.default_branch_uid === branch.uid) throw new LakeletError('branch_is_default')
  const children = await childrenOf(queries, branch.uid)
  if (children.length > 0) {
    const names = children.map((child) => child.branch_id).join(', ')
    throw new LakeletError('branch_has_children', { children: names })
  }
}

async function refuseSecondProtected(queries: Queries, projectUid: string, branchUid: string): Promise<void> {
  const branches = await allBranchesOf(queries, projectUid)
  const other = branches.find(
    (branch) => branch.is_protected === 1 && branch.delete_time === null && branch.uid !== branchUid,
  )
  if (other)
    throw invalid(
      `Branch '${other.branch_id}' is protected already; a project can have one protected branch.`,
    )
}

function refusePast(spec: BranchSpec): void {
  const past = (['source_branch_time', 'source_branch_lsn', 'source_snapshot'] as const).find(
    (field) => spec[field] !== undefined,
  )
  if (past === undefined) return
  const from = past === 'source_snapshot' ? 'a snapshot' : 'a past state'
  throw new LakeletError('not_implemented', { feature: `Creating a branch from ${from} (spec.${past})` })
}

/** What an upsert changes: everything that the request sets. */
function fieldsOf(spec: BranchSpec): ReadonlySet<string> {
  return parseUpdateMask('*', { spec }, branchUpdate)
}

function immutable(field: string): LakeletError {
  return invalid(`Field '${field}' cannot be changed after the branch was created.`)
}

function invalid(reason: string): LakeletError {
  return new LakeletError('invalid_parameter', { reason })
}
