import {
  parseUpdateMask,
  type Project,
  projectActions,
  type ProjectInput,
  projectName,
  projectUpdate,
  requireAction,
} from '@lakelet/api'
import type { Caller } from '../../base/caller.ts'
import { LakeletError } from '../../base/errors.ts'
import { insertBranch } from '../../metadata/branches.ts'
import type { Queries } from '../../metadata/database.ts'
import { insertEndpoint } from '../../metadata/endpoints.ts'
import {
  countProjects,
  findProject,
  insertProject,
  listProjects,
  type ProjectRow,
  updateProject,
} from '../../metadata/projects.ts'
import type { ControlContext } from '../context.ts'
import { LIMITS } from '../rules/limits.ts'
import type { ProjectOperations } from '../operations/projects.ts'
import type { ReadCache } from '../read-cache.ts'
import { cutPage, type PageQuery, readPage } from '../rules/pages.ts'
import { checkDefaultsStart, newProjectRows, projectChanges, projectSubjectOf } from '../rules/project.ts'
import { levelOn } from '../rules/project-access.ts'
import { checkId } from '../rules/resource-ids.ts'
import { anyProject, liveProject, lockOf, notFound } from '../rules/resolve.ts'
import { type Empty, type OperationView, viewOperation } from '../views/operation.ts'
import { partsOfProject, viewProject } from '../views/project.ts'

export class Projects {
  readonly #context: ControlContext
  readonly #kinds: ProjectOperations
  readonly #cache: ReadCache

  constructor(context: ControlContext, kinds: ProjectOperations, cache: ReadCache) {
    this.#context = context
    this.#kinds = kinds
    this.#cache = cache
  }

  async create(caller: Caller, projectId: string, input: ProjectInput): Promise<OperationView<Project>> {
    checkId('project_id', projectId)
    const now = this.#now()
    const { project, branch, endpoint } = newProjectRows(caller, projectId, input, {
      now,
      defaults: this.#context.defaults,
    })
    await checkDefaultsStart(project, project.pg_version, this.#context)
    const row = await this.#context.operations.start(this.#kinds.create, {
      resource: projectName(projectId),
      objectUid: project.uid,
      callerId: caller.id,
      input: {
        projectUid: project.uid,
        branchUid: branch.uid,
        endpointUid: endpoint.uid,
        owner: { id: caller.id, kind: caller.kind, name: caller.name },
        database: input.initial_database_spec?.postgres_database,
      },
      locks: [{ scope: lockOf.project(project.uid), mode: 'exclusive' }],
      store: async (queries) => {
        await this.#refuseTaken(queries, projectId)
        if ((await countProjects(queries)) >= LIMITS.projects) {
          throw new LakeletError('limit_reached', { what: 'projects', limit: LIMITS.projects })
        }
        await insertProject(queries, project)
        await insertBranch(queries, branch)
        await insertEndpoint(queries, endpoint)
      },
    })
    return viewOperation(row)
  }

  async get(id: string): Promise<Project> {
    const facts = await this.#cache.read(`project ${id}`, async (queries) =>
      partsOfProject(queries, await anyProject(queries, id)),
    )
    return viewProject(facts, this.#context)
  }

  /** The projects that the caller may use. */
  async list(
    caller: Caller,
    query: PageQuery & { readonly show_deleted?: boolean | undefined },
  ): Promise<{ projects: Project[]; next_page_token?: string }> {
    const page = readPage<number>('projects', query, 'number')
    const showDeleted = query.show_deleted === true
    const visible: ProjectRow[] = []
    let afterSeq = page.after ?? 0
    while (visible.length <= page.size) {
      const key = `projects ${afterSeq} ${page.size} ${showDeleted}`
      const limit = page.size + 1
      const rows = await this.#cache.read(key, (queries) =>
        listProjects(queries, { afterSeq, limit, showDeleted }),
      )
      for (const row of rows) if ((await levelOn(this.#context, caller, row)) !== undefined) visible.push(row)
      if (rows.length < limit) break
      afterSeq = rows.at(-1)?.seq ?? afterSeq
    }
    const { items, nextToken } = cutPage('projects', visible, page.size, (row) => row.seq)
    const facts = await Promise.all(
      items.map((row) =>
        this.#cache.read(`project facts ${row.uid}`, (queries) => partsOfProject(queries, row)),
      ),
    )
    const projects = facts.map((each) => viewProject(each, this.#context))
    return { projects, ...(nextToken === undefined ? {} : { next_page_token: nextToken }) }
  }

  async update(
    caller: Caller,
    id: string,
    mask: string | undefined,
    input: ProjectInput,
  ): Promise<OperationView<Project>> {
    const changed = parseUpdateMask(mask, input, projectUpdate)
    const project = await liveProject(this.#context.metadata.db, id)
    const changesOf = (queries: Queries, current: ProjectRow) =>
      projectChanges(queries, current, changed, input.spec ?? {}, this.#context.defaults)
    const changes = await changesOf(this.#context.metadata.db, project)
    await checkDefaultsStart(changes, project.pg_version, this.#context)
    const row = await this.#context.operations.start(this.#kinds.update, {
      resource: projectName(project.project_id),
      objectUid: project.uid,
      callerId: caller.id,
      input: { projectUid: project.uid },
      locks: [{ scope: lockOf.projectSettings(project.uid), mode: 'exclusive' }],
      store: async (queries) => {
        const current = await liveProject(queries, project.uid)
        const now = this.#now()
        await updateProject(queries, current.uid, {
          ...(await changesOf(queries, current)),
          update_time: now,
        })
      },
    })
    return viewOperation(row)
  }

  async delete(caller: Caller, id: string, purge: boolean): Promise<OperationView<Empty>> {
    const { db } = this.#context.metadata
    // A deleted project can still be purged.
    const project = purge ? await anyProject(db, id) : await liveProject(db, id)
    const row = await this.#context.operations.start(this.#kinds.delete, {
      resource: projectName(project.project_id),
      objectUid: project.uid,
      callerId: caller.id,
      input: { projectUid: project.uid, purge },
      locks: [{ scope: lockOf.project(project.uid), mode: 'exclusive' }],
      store: async (queries) => {
        const current = purge
          ? await anyProject(queries, project.uid)
          : await liveProject(queries, project.uid)
        requireAction(projectActions, purge ? 'purge' : 'delete', await projectSubjectOf(queries, current))
        const now = this.#now()
        const keepMs = purge ? 0 : this.#context.defaults.undeleteSeconds * 1000
        await updateProject(queries, project.uid, {
          delete_time: current.delete_time ?? now,
          purge_time: new Date(Date.parse(now) + keepMs).toISOString(),
        })
      },
    })
    return viewOperation(row)
  }

  async undelete(caller: Caller, id: string): Promise<OperationView<Project>> {
    const project = await anyProject(this.#context.metadata.db, id)
    const row = await this.#context.operations.start(this.#kinds.update, {
      resource: projectName(project.project_id),
      objectUid: project.uid,
      callerId: caller.id,
      input: { projectUid: project.uid },
      locks: [{ scope: lockOf.project(project.uid), mode: 'exclusive' }],
      store: async (queries) => {
        const current = await anyProject(queries, project.uid)
        requireAction(projectActions, 'undelete', await projectSubjectOf(queries, current))
        if (current.purge_time !== null && current.purge_time <= this.#now()) throw notFound('project')
        await this.#refuseTaken(queries, project.project_id)
        await updateProject(queries, project.uid, {
          delete_time: null,
          purge_time: null,
          update_time: this.#now(),
        })
      },
    })
    return viewOperation(row)
  }

  async #refuseTaken(queries: Queries, projectId: string): Promise<void> {
    const present = await findProject(queries, projectId)
    if (present?.delete_time === null) throw new LakeletError('project_exists')
  }

  #now(): string {
    return this.#context.clock.now().toISOString()
  }
}
