import {
  type Branch,
  branchActions,
  branchName,
  type BranchSpec,
  branchUpdate,
  parseUpdateMask,
  requireAction,
} from '@lakelet/api'
import type { Caller } from '../../base/caller.ts'
import { LakeletError } from '../../base/errors.ts'
import { findBranch, insertBranch, listBranches, updateBranch } from '../../metadata/branches.ts'
import { insertEndpoint } from '../../metadata/endpoints.ts'
import type { ControlContext } from '../context.ts'
import type { BranchOperations } from '../operations/branches.ts'
import type { ReadCache } from '../read-cache.ts'
import {
  branchChanges,
  branchSubjectOf,
  fieldsOfBranch,
  newBranchRows,
  refuseOrphan,
  refuseFullProject,
  refuseSecondProtected,
  refuseTakenBranch,
  resetRows,
} from '../rules/branch.ts'
import { findBranchSource } from '../rules/branch-source.ts'
import { cutPage, type PageQuery, readPage } from '../rules/pages.ts'
import { checkId } from '../rules/resource-ids.ts'
import {
  anyBranch,
  type BranchPath,
  type BranchRows,
  liveBranch,
  liveProject,
  lockOf,
  notFound,
} from '../rules/resolve.ts'
import { partsOfBranch, viewBranch } from '../views/branch.ts'
import { type Empty, type OperationView, viewOperation } from '../views/operation.ts'

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
  ): Promise<OperationView<Branch>> {
    checkId('branch_id', branchId)
    const { db } = this.#context.metadata
    const project = await liveProject(db, projectId)
    const present = await findBranch(db, project.uid, branchId)
    if (present?.delete_time === null && present.branch_id === branchId) {
      if (!replaceExisting) throw new LakeletError('already_exists', { type: 'branch' })
      return this.#change(caller, { project, branch: present }, spec, fieldsOfBranch(spec))
    }
    const source = await findBranchSource(this.#context, project, spec)
    const { branch, endpoint } = newBranchRows(project, source.columns, branchId, spec, {
      now: this.#context.clock.now(),
      defaults: this.#context.defaults,
    })
    const row = await this.#context.operations.start(this.#kinds.create, {
      resource: branchName(project.project_id, branchId),
      objectUid: project.uid,
      callerId: caller.id,
      input: {
        projectUid: project.uid,
        branchUid: branch.uid,
        endpointUid: endpoint.uid,
        ...source.input,
      },
      locks: [{ scope: lockOf.branch(project.uid, branch.uid), mode: 'exclusive' }, source.lock],
      store: async (queries) => {
        await refuseFullProject(queries, project, branch)
        await refuseTakenBranch(queries, project, branchId)
        await source.require(queries)
        if (branch.is_protected === 1) await refuseSecondProtected(queries, project.uid, branch.uid)
        await insertBranch(queries, branch)
        await insertEndpoint(queries, endpoint)
      },
    })
    return viewOperation(row)
  }

  async get(path: BranchPath): Promise<Branch> {
    const facts = await this.#cache.read(`branch ${path.project} ${path.branch}`, async (queries) => {
      const { project, branch } = await anyBranch(queries, path)
      return partsOfBranch(queries, project, branch)
    })
    return viewBranch(facts, this.#context.storage)
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
      return Promise.all(rows.map((row) => partsOfBranch(queries, project, row)))
    })
    const { items, nextToken } = cutPage(name, facts, page.size, ({ row }) => row.seq)
    return {
      branches: items.map((each) => viewBranch(each, this.#context.storage)),
      ...(nextToken === undefined ? {} : { next_page_token: nextToken }),
    }
  }

  async update(
    caller: Caller,
    path: BranchPath,
    mask: string | undefined,
    spec: BranchSpec,
  ): Promise<OperationView<Branch>> {
    const changed = parseUpdateMask(mask, { spec }, branchUpdate)
    return this.#change(caller, await liveBranch(this.#context.metadata.db, path), spec, changed)
  }

  /** Gives a branch the data that its parent has now. LakeletError `branch_not_ready`, `invalid_parameter`. */
  async reset(caller: Caller, path: BranchPath): Promise<OperationView<Branch>> {
    const { db } = this.#context.metadata
    const { project, branch } = await liveBranch(db, path)
    const { parent, input } = await resetRows(db, { project: project.uid, branch: branch.uid })
    const row = await this.#context.operations.start(this.#kinds.reset, {
      resource: branchName(project.project_id, branch.branch_id),
      objectUid: project.uid,
      callerId: caller.id,
      input,
      locks: [
        { scope: lockOf.branch(project.uid, branch.uid), mode: 'exclusive' },
        { scope: lockOf.branch(project.uid, parent.uid), mode: 'shared' },
      ],
      store: async (queries) => {
        await resetRows(queries, { project: project.uid, branch: branch.uid })
        await updateBranch(queries, branch.uid, { state: 'RESETTING', state_change_time: this.#now() })
      },
    })
    return viewOperation(row)
  }

  async delete(
    caller: Caller,
    path: BranchPath,
    options: { readonly purge: boolean; readonly allowMissing: boolean },
  ): Promise<OperationView<Empty>> {
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
      return viewOperation(row)
    }
    return this.#startDelete({ project, branch }, options.purge, caller.id)
  }

  /** Deletes a branch whose time is over. Throws what a delete by a caller would. */
  async expire(rows: BranchRows): Promise<void> {
    await this.#startDelete(rows, false, undefined)
  }

  async undelete(caller: Caller, path: BranchPath): Promise<OperationView<Branch>> {
    const { project, branch } = await anyBranch(this.#context.metadata.db, path)
    const row = await this.#context.operations.start(this.#kinds.update, {
      resource: branchName(project.project_id, branch.branch_id),
      objectUid: project.uid,
      callerId: caller.id,
      input: { projectUid: project.uid, branchUid: branch.uid },
      locks: [{ scope: lockOf.branch(project.uid, branch.uid), mode: 'exclusive' }],
      store: async (queries) => {
        const now = this.#now()
        const rows = await anyBranch(queries, { project: project.uid, branch: branch.uid })
        requireAction(branchActions, 'undelete', await branchSubjectOf(queries, rows))
        const { branch: current } = rows
        if (current.purge_time !== null && current.purge_time <= now) throw notFound('branch')
        await refuseOrphan(queries, current)
        await refuseTakenBranch(queries, project, branch.branch_id)
        await refuseFullProject(queries, project, current)
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
    return viewOperation(row)
  }

  async #startDelete(
    { project, branch }: BranchRows,
    purge: boolean,
    callerId: number | undefined,
  ): Promise<OperationView<Empty>> {
    const row = await this.#context.operations.start(this.#kinds.delete, {
      resource: branchName(project.project_id, branch.branch_id),
      objectUid: project.uid,
      ...(callerId === undefined ? {} : { callerId }),
      input: { projectUid: project.uid, branchUid: branch.uid, purge },
      locks: [{ scope: lockOf.branch(project.uid, branch.uid), mode: 'exclusive' }],
      store: async (queries) => {
        const found = { project: project.uid, branch: branch.uid }
        const current = purge ? await anyBranch(queries, found) : await liveBranch(queries, found)
        requireAction(branchActions, purge ? 'purge' : 'delete', await branchSubjectOf(queries, current))
        const now = this.#now()
        const keepMs = purge ? 0 : this.#context.defaults.undeleteSeconds * 1000
        await updateBranch(queries, branch.uid, {
          delete_time: current.branch.delete_time ?? now,
          purge_time: new Date(Date.parse(now) + keepMs).toISOString(),
          state_change_time: now,
        })
      },
    })
    return viewOperation(row)
  }

  async #change(
    caller: Caller,
    { project, branch }: BranchRows,
    spec: BranchSpec,
    changed: ReadonlySet<string>,
  ): Promise<OperationView<Branch>> {
    const row = await this.#context.operations.start(this.#kinds.update, {
      resource: branchName(project.project_id, branch.branch_id),
      objectUid: project.uid,
      callerId: caller.id,
      input: { projectUid: project.uid, branchUid: branch.uid },
      locks: [{ scope: lockOf.branch(project.uid, branch.uid), mode: 'exclusive' }],
      store: async (queries) => {
        const current = await liveBranch(queries, { project: project.uid, branch: branch.uid })
        const changes = await branchChanges(queries, current, spec, changed, this.#context.clock.now())
        await updateBranch(queries, branch.uid, { ...changes, update_time: this.#now() })
      },
    })
    return viewOperation(row)
  }

  #now(): string {
    return this.#context.clock.now().toISOString()
  }
}
