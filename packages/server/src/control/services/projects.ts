import {
  type DefaultEndpointSettings,
  parseResourceName,
  type Project,
  type ProjectInput,
  projectName,
  type ProjectSpec,
  parseUpdateMask,
  projectUpdate,
  secondsOf,
} from '@lakelet/api'
import type { Caller } from '../../base/caller.ts'
import { LakeletError } from '../../base/errors.ts'
import { randomUUID } from '../../base/ids.ts'
import { allBranchesOf, insertBranch } from '../../metadata/branches.ts'
import type { Queries } from '../../metadata/database.ts'
import { insertEndpoint } from '../../metadata/endpoints.ts'
import {
  countProjects,
  defaultEndpointSettingsOf,
  findProject,
  insertProject,
  listProjects,
  type NewProjectRow,
  type ProjectRow,
  updateProject,
} from '../../metadata/projects.ts'
import type { ProjectOperations } from '../operations/project-operations.ts'
import {
  type ComputeSize,
  checkGroup,
  checkPgSettings,
  resolveComputeSize,
  sizeReply,
} from '../rules/compute-settings.ts'
import { type ControlContext, LIMITS } from '../context.ts'
import { newBranch, newEndpoint } from './new-rows.ts'
import { type Empty, type OperationReply, operationReply } from '../views/operation.ts'
import { levelOn } from '../rules/project-access.ts'
import { cutPage, type PageQuery, readPage } from '../rules/pages.ts'
import type { ReadCache } from '../read-cache.ts'
import { projectFacts, projectReply } from '../views/resources.ts'
import { checkId } from '../rules/resource-ids.ts'
import { anyProject, liveBranch, liveProject, lockOf, notFound } from '../rules/resolve.ts'

/** Major versions of Postgres that projects may have here. */
const PG_VERSION = 17
const OTHER_PG_VERSIONS = [16, 18]
const SHORTEST_RETENTION_SECONDS = 172_800
const LONGEST_RETENTION_SECONDS = 3_024_000

/** Id of the branch and the endpoint that every project starts with. */
const FIRST_BRANCH = 'production'
const FIRST_ENDPOINT = 'primary'

export class Projects {
  readonly #context: ControlContext
  readonly #kinds: ProjectOperations
  readonly #cache: ReadCache

  constructor(context: ControlContext, kinds: ProjectOperations, cache: ReadCache) {
    this.#context = context
    this.#kinds = kinds
    this.#cache = cache
  }

  async create(caller: Caller, projectId: string, input: ProjectInput): Promise<OperationReply<Project>> {
    checkId('project_id', projectId)
    const now = this.#now()
    const { project, branch, endpoint } = this.#newRows(caller, projectId, input, now)
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
    return operationReply(row)
  }

  async get(id: string): Promise<Project> {
    const facts = await this.#cache.read(`project ${id}`, async (queries) =>
      projectFacts(queries, await anyProject(queries, id)),
    )
    return projectReply(facts, this.#context)
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
        this.#cache.read(`project facts ${row.uid}`, (queries) => projectFacts(queries, row)),
      ),
    )
    const projects = facts.map((each) => projectReply(each, this.#context))
    return { projects, ...(nextToken === undefined ? {} : { next_page_token: nextToken }) }
  }

  async update(
    caller: Caller,
    id: string,
    mask: string | undefined,
    input: ProjectInput,
  ): Promise<OperationReply<Project>> {
    const changed = parseUpdateMask(mask, input, projectUpdate)
    const project = await liveProject(this.#context.metadata.db, id)
    const row = await this.#context.operations.start(this.#kinds.update, {
      resource: projectName(project.project_id),
      objectUid: project.uid,
      callerId: caller.id,
      input: { projectUid: project.uid },
      locks: [{ scope: lockOf.projectSettings(project.uid), mode: 'exclusive' }],
      store: async (queries) => {
        const current = await liveProject(queries, project.uid)
        const changes = await this.#changes(queries, current, changed, input.spec ?? {})
        await updateProject(queries, current.uid, { ...changes, update_time: this.#now() })
      },
    })
    return operationReply(row)
  }

  async delete(caller: Caller, id: string, purge: boolean): Promise<OperationReply<Empty>> {
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
        const branches = await allBranchesOf(queries, project.uid)
        const guard = branches.find((branch) => branch.is_protected === 1 && branch.delete_time === null)
        if (guard) throw new LakeletError('project_protected', { branch: guard.branch_id })
        const now = this.#now()
        const keepMs = purge ? 0 : this.#context.defaults.undeleteSeconds * 1000
        await updateProject(queries, project.uid, {
          delete_time: current.delete_time ?? now,
          purge_time: new Date(Date.parse(now) + keepMs).toISOString(),
        })
      },
    })
    return operationReply(row)
  }

  async undelete(caller: Caller, id: string): Promise<OperationReply<Project>> {
    const project = await anyProject(this.#context.metadata.db, id)
    if (project.delete_time === null) throw new LakeletError('not_deleted', { type: 'project' })
    const row = await this.#context.operations.start(this.#kinds.update, {
      resource: projectName(project.project_id),
      objectUid: project.uid,
      callerId: caller.id,
      input: { projectUid: project.uid },
      locks: [{ scope: lockOf.project(project.uid), mode: 'exclusive' }],
      store: async (queries) => {
        const current = await anyProject(queries, project.uid)
        if (current.delete_time === null) throw new LakeletError('not_deleted', { type: 'project' })
        if (current.purge_time !== null && current.purge_time <= this.#now()) throw notFound('project')
        await this.#refuseTaken(queries, project.project_id)
        await updateProject(queries, project.uid, {
          delete_time: null,
          purge_time: null,
          update_time: this.#now(),
        })
      },
    })
    return operationReply(row)
  }

  #newRows(caller: Caller, projectId: string, input: ProjectInput, now: string) {
    const spec = input.spec ?? {}
    this.#refuseUnsupported(input)
    const uid = randomUUID()
    const branch = newBranch(
      {
        branch_id: FIRST_BRANCH,
        project_uid: uid,
        is_protected: Number(input.initial_branch_spec?.is_protected ?? false),
      },
      now,
    )
    const defaults = this.#defaultSettings(spec.default_endpoint_settings ?? {}, this.#defaultSize())
    checkGroup(input.initial_endpoint_spec?.group, 'initial_endpoint_spec.group')
    const size = resolveComputeSize(
      input.initial_endpoint_spec ?? {},
      defaults.size,
      'initial_endpoint_spec',
      this.#context.defaults.suspendSeconds,
    )
    const project: NewProjectRow = {
      uid,
      project_id: projectId,
      owner: caller.name,
      owner_id: caller.id,
      display_name: spec.display_name ?? projectId,
      pg_version: PG_VERSION,
      history_retention_seconds: retention(spec) ?? this.#context.defaults.historyRetentionSeconds,
      default_endpoint_settings: JSON.stringify(defaults.settings),
      default_branch_uid: branch.uid,
      enable_pg_native_login: Number(spec.enable_pg_native_login ?? false),
      custom_tags: spec.custom_tags === undefined ? null : JSON.stringify(spec.custom_tags),
      budget_policy_id: spec.budget_policy_id ?? null,
      create_time: now,
      update_time: now,
      delete_time: null,
      purge_time: null,
    }
    const pgSettings = defaults.settings.pg_settings ?? {}
    const endpoint = newEndpoint({ endpointId: FIRST_ENDPOINT, branchUid: branch.uid, size, pgSettings }, now)
    return { project: { ...project, uid }, branch, endpoint }
  }

  #refuseUnsupported(input: ProjectInput): void {
    checkPgVersion(input.spec?.pg_version)
    if (input.initial_role_spec) {
      throw new LakeletError('not_implemented', {
        feature: 'Another owner role than the caller (initial_role_spec)',
      })
    }
    if (input.spec?.compute_provisioner !== undefined) {
      throw new LakeletError('not_implemented', {
        feature: 'Choosing a compute provisioner (spec.compute_provisioner)',
      })
    }
    if (input.spec?.default_branch !== undefined) {
      throw new LakeletError('invalid_parameter', {
        reason: `Field 'spec.default_branch' cannot be set at creation; a new project's default branch is '${FIRST_BRANCH}'.`,
      })
    }
  }

  #defaultSize(): ComputeSize {
    const { minCu, maxCu, suspendSeconds } = this.#context.defaults
    return { minCu, maxCu, suspendSeconds }
  }

  #defaultSettings(
    wanted: DefaultEndpointSettings,
    inherited: ComputeSize,
  ): { readonly settings: DefaultEndpointSettings; readonly size: ComputeSize } {
    const path = 'spec.default_endpoint_settings'
    checkPgSettings(wanted.pg_settings, `${path}.pg_settings`)
    const size = resolveComputeSize(wanted, inherited, path, this.#context.defaults.suspendSeconds)
    const pgSettings = wanted.pg_settings ?? {}
    return {
      size,
      settings: {
        ...sizeReply(size),
        ...(Object.keys(pgSettings).length === 0 ? {} : { pg_settings: pgSettings }),
      },
    }
  }

  async #changes(
    queries: Queries,
    current: ProjectRow,
    changed: ReadonlySet<string>,
    spec: ProjectSpec,
  ): Promise<Partial<NewProjectRow>> {
    if (changed.has('spec.pg_version') && spec.pg_version !== current.pg_version) {
      throw new LakeletError('not_implemented', { feature: 'Changing the Postgres version of a project' })
    }
    if (changed.has('spec.compute_provisioner')) {
      throw new LakeletError('not_implemented', {
        feature: 'Choosing a compute provisioner (spec.compute_provisioner)',
      })
    }
    const retentionSeconds = changed.has('spec.history_retention_duration') ? retention(spec) : undefined
    const settings = this.#changedDefaults(current, changed, spec.default_endpoint_settings ?? {})
    return {
      ...(changed.has('spec.display_name') && spec.display_name !== undefined
        ? { display_name: spec.display_name }
        : {}),
      ...(retentionSeconds === undefined ? {} : { history_retention_seconds: retentionSeconds }),
      ...(settings ? { default_endpoint_settings: JSON.stringify(settings) } : {}),
      ...(changed.has('spec.default_branch') && spec.default_branch !== undefined
        ? { default_branch_uid: await newDefaultBranch(queries, current, spec.default_branch) }
        : {}),
      ...(changed.has('spec.enable_pg_native_login')
        ? { enable_pg_native_login: Number(spec.enable_pg_native_login) }
        : {}),
      ...(changed.has('spec.budget_policy_id') ? { budget_policy_id: spec.budget_policy_id ?? null } : {}),
      ...(changed.has('spec.custom_tags') ? { custom_tags: JSON.stringify(spec.custom_tags) } : {}),
    }
  }

  #changedDefaults(
    current: ProjectRow,
    changed: ReadonlySet<string>,
    wanted: DefaultEndpointSettings,
  ): DefaultEndpointSettings | undefined {
    const path = 'spec.default_endpoint_settings'
    if (![...changed].some((field) => field.startsWith(`${path}.`))) return undefined
    const before = defaultEndpointSettingsOf(current)
    const has = (field: string) => changed.has(`${path}.${field}`)
    const named: DefaultEndpointSettings = {
      // Both are named, so that a limit that was chosen before does not move by itself.
      autoscaling_limit_min_cu: (has('autoscaling_limit_min_cu') ? wanted : before).autoscaling_limit_min_cu,
      autoscaling_limit_max_cu: (has('autoscaling_limit_max_cu') ? wanted : before).autoscaling_limit_max_cu,
      ...(has('suspension')
        ? { suspend_timeout_duration: wanted.suspend_timeout_duration, no_suspension: wanted.no_suspension }
        : {}),
      pg_settings: has('pg_settings') ? wanted.pg_settings : before.pg_settings,
    }
    const inherited = {
      minCu: before.autoscaling_limit_min_cu ?? this.#context.defaults.minCu,
      maxCu: before.autoscaling_limit_max_cu ?? this.#context.defaults.maxCu,
      suspendSeconds:
        before.suspend_timeout_duration === undefined ? null : secondsOf(before.suspend_timeout_duration),
    }
    return this.#defaultSettings(named, inherited).settings
  }

  async #refuseTaken(queries: Queries, projectId: string): Promise<void> {
    const present = await findProject(queries, projectId)
    if (present?.delete_time === null) throw new LakeletError('project_exists')
  }

  #now(): string {
    return this.#context.clock.now().toISOString()
  }
}

function checkPgVersion(version: number | undefined): void {
  if (version === undefined || version === PG_VERSION) return
  if (OTHER_PG_VERSIONS.includes(version)) {
    throw new LakeletError('not_implemented', {
      feature: `Postgres ${version} (spec.pg_version; this workspace has Postgres ${PG_VERSION})`,
    })
  }
  throw new LakeletError('invalid_parameter', {
    reason: `Field 'spec.pg_version' is ${version}; Postgres ${PG_VERSION} is supported.`,
  })
}

function retention(spec: ProjectSpec): number | undefined {
  if (spec.history_retention_duration === undefined) return undefined
  const seconds = secondsOf(spec.history_retention_duration)
  if (seconds < SHORTEST_RETENTION_SECONDS || seconds > LONGEST_RETENTION_SECONDS) {
    throw new LakeletError('invalid_parameter', {
      reason: `Field 'spec.history_retention_duration' is ${spec.history_retention_duration}; it must be between ${SHORTEST_RETENTION_SECONDS}s and ${LONGEST_RETENTION_SECONDS}s.`,
    })
  }
  return seconds
}

/** The uid of the branch that is to be the default one. */
async function newDefaultBranch(queries: Queries, project: ProjectRow, name: string): Promise<string> {
  const parsed = parseResourceName(name)
  const isHere = parsed?.project === project.project_id || parsed?.project === project.uid
  if (parsed?.type !== 'branch' || parsed.branch === undefined || !isHere) {
    throw new LakeletError('invalid_parameter', {
      reason: `Field 'spec.default_branch' must be the full name of a branch of this project, such as 'projects/${project.project_id}/branches/${FIRST_BRANCH}'.`,
    })
  }
  const { branch } = await liveBranch(queries, { project: project.uid, branch: parsed.branch })
  if (branch.expire_time !== null) {
    throw new LakeletError('invalid_parameter', {
      reason: `Branch '${branch.branch_id}' expires, so it cannot be the default branch. Set its spec.no_expiry first.`,
    })
  }
  return branch.uid
}
