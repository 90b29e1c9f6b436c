// Deployments of bundles over the REST API: who deploys begins a version, which holds the deployment's lock until it is completed or shows no
// sign of life for a while. What it writes is kept as it comes.
import type { BundleDeployment, BundleDeploymentInput, BundleVersion, BundleVersionInput } from '@lakelet/api'
import type { Caller } from '../../base/caller.ts'
import type { Clock } from '../../base/clock.ts'
import { LakeletError } from '../../base/errors.ts'
import { randomUUID } from '../../base/ids.ts'
import {
  type BundleDeploymentRow,
  findBundleDeployment,
  listBundleDeployments,
  listBundleVersions,
  putBundleDeployment,
  putBundleRecord,
  putBundleVersion,
} from '../../metadata/bundle-deployments.ts'
import type { Metadata, Queries } from '../../metadata/database.ts'
import { nextBundleVersion } from '../rules/bundle-version.ts'
import { type PageQuery, pageOfRows } from '../rules/pages.ts'
import { notFound } from '../rules/resolve.ts'
import { newOperation } from '../views/bundle-operation.ts'

/** A version without a heartbeat loses its lock after this long. */
const LOCK_MS = 5 * 60_000
const UPDATABLE = ['display_name', 'deployment_mode', 'target_name', 'workspace_info'] as const

export interface OpenVersion {
  readonly deployment: BundleDeploymentRow
  readonly number: number
  readonly lockedUntil: number
  readonly view: BundleVersion
}

export class BundleDeploymentsService {
  readonly #metadata: Metadata
  readonly #clock: Clock

  constructor(metadata: Metadata, clock: Clock) {
    this.#metadata = metadata
    this.#clock = clock
  }

  async create(caller: Caller, id: string | undefined, input: BundleDeploymentInput) {
    const { initial_parent_path: _, ...described } = input
    const now = this.#now()
    const wanted = id ?? randomUUID()
    const view: BundleDeployment = {
      ...described,
      name: `deployments/${wanted}`,
      status: 'DEPLOYMENT_STATUS_ACTIVE',
      created_by: caller.name,
      create_time: now,
      updated_by: caller.name,
      update_time: now,
    }
    await this.#metadata.transaction(async (queries) => {
      if (await findBundleDeployment(queries, wanted)) {
        throw new LakeletError('bundle_exists', { name: view.name })
      }
      await putBundleDeployment(queries, { id: wanted, creator_id: caller.id, body: JSON.stringify(view) })
    })
    return view
  }

  async list(caller: Caller, query: PageQuery & { readonly show_deleted?: boolean | undefined }) {
    const rows = (await listBundleDeployments(this.#metadata.db))
      .filter((row) => mayUse(caller, row))
      .map(deploymentOf)
      .filter(({ status }) => query.show_deleted === true || status !== 'DEPLOYMENT_STATUS_DELETED')
    const { items, next } = pageOfRows('bundle deployments', rows, query, ({ name }) => name)
    return { ...(items.length === 0 ? {} : { deployments: [...items] }), ...next }
  }

  async get(caller: Caller, id: string): Promise<BundleDeployment> {
    return deploymentOf(await this.find(caller, id))
  }

  async update(caller: Caller, id: string, mask: string | undefined, input: BundleDeploymentInput) {
    const fields = (mask ?? '').split(',').filter((field) => field !== '')
    const unknown = fields.find((field) => !UPDATABLE.some((each) => each === field))
    if (fields.length === 0 || unknown !== undefined) {
      const reason = `update_mask must name fields of ${UPDATABLE.join(', ')}, got '${mask ?? ''}'.`
      throw new LakeletError('invalid_parameter', { reason })
    }
    const row = await this.find(caller, id)
    const changes = Object.fromEntries(
      UPDATABLE.filter((field) => fields.includes(field)).map((field) => [field, input[field]]),
    )
    return this.#change(this.#metadata.db, caller, row, changes)
  }

  /** What it deployed is the client's to remove; its record stays, marked. */
  async delete(caller: Caller, id: string): Promise<void> {
    const row = await this.find(caller, id)
    await this.#change(this.#metadata.db, caller, row, {
      status: 'DEPLOYMENT_STATUS_DELETED',
      destroyed_by: caller.name,
      destroy_time: this.#now(),
    })
  }

  /** LakeletError `bundle_aborted` while another version holds the lock, `invalid_parameter` for a number that is not the next. */
  async createVersion(
    caller: Caller,
    id: string,
    versionId: string | undefined,
    input: BundleVersionInput,
  ): Promise<BundleVersion> {
    const row = await this.find(caller, id)
    const { operations = [], ...described } = input
    return this.#metadata.transaction(async (queries) => {
      const [last] = await this.#versions(queries, row)
      if (last) await this.#takeLock(queries, last)
      const number = nextBundleVersion(versionId, last?.number, input.previous_version_id)
      const now = this.#now()
      const view: BundleVersion = {
        ...described,
        name: `deployments/${id}/versions/${number}`,
        version_id: String(number),
        status: 'VERSION_STATUS_IN_PROGRESS',
        created_by: caller.name,
        create_time: now,
      }
      await this.#putVersion(queries, { deployment: row, number, view, lockedUntil: this.#lockEnd() })
      for (const operation of operations) {
        const body = JSON.stringify(newOperation(view.name, operation.resource_key, operation, now))
        const place = { deployment_id: id, version_id: number, resource_key: operation.resource_key }
        await putBundleRecord(queries, { ...place, body })
      }
      const { display_name, target_name, deployment_mode, git_info, workspace_info } = input
      await this.#change(queries, caller, row, {
        ...given({ display_name, target_name, deployment_mode, git_info, workspace_info }),
        status: 'DEPLOYMENT_STATUS_IN_PROGRESS',
        last_version_id: view.version_id,
      })
      return view
    })
  }

  async listVersions(caller: Caller, id: string, query: PageQuery) {
    const versions = await this.#versions(this.#metadata.db, await this.find(caller, id))
    const views = versions.map(({ view }) => view)
    const { items, next } = pageOfRows(`versions of ${id}`, views, query, ({ name }) => name)
    return { ...(items.length === 0 ? {} : { versions: [...items] }), ...next }
  }

  async heartbeat(caller: Caller, id: string, version: string): Promise<{ expire_time: string }> {
    const found = await this.version(caller, id, version)
    this.requireOpen(found)
    const lockedUntil = this.#lockEnd()
    await this.#putVersion(this.#metadata.db, { ...found, lockedUntil })
    return { expire_time: new Date(lockedUntil).toISOString() }
  }

  /** Who began a version completes it, or with `force` another one who may use the deployment. */
  async complete(
    caller: Caller,
    id: string,
    version: string,
    reason: NonNullable<BundleVersion['completion_reason']>,
    force: boolean,
  ): Promise<BundleVersion> {
    const found = await this.version(caller, id, version)
    if (found.view.status === 'VERSION_STATUS_COMPLETED') throw ended(found)
    if (found.view.created_by !== caller.name && !force) {
      throw new LakeletError('permission_denied', {
        action: `complete a version that ${found.view.created_by} began (force does)`,
      })
    }
    return this.#metadata.transaction((queries) => this.#complete(queries, caller, found, reason))
  }

  /** LakeletError `resource_not_found`, also for who may not use it. */
  async find(caller: Caller, id: string): Promise<BundleDeploymentRow> {
    const row = await findBundleDeployment(this.#metadata.db, id)
    if (!row || !mayUse(caller, row)) throw notFound('deployment')
    return row
  }

  async version(caller: Caller, id: string, version: string): Promise<OpenVersion> {
    const versions = await this.#versions(this.#metadata.db, await this.find(caller, id))
    const found = versions.find(({ view }) => view.version_id === version)
    if (!found) throw notFound('version')
    return found
  }

  /** LakeletError `bundle_aborted` for a version that is over, or whose lock has run out. */
  requireOpen(version: OpenVersion): void {
    const isOver = version.view.status === 'VERSION_STATUS_COMPLETED'
    if (isOver || version.lockedUntil < this.#clock.now().getTime()) throw ended(version)
  }

  /** Ends what the last version left unfinished when its time is over; LakeletError `bundle_aborted` while it is not. */
  async #takeLock(queries: Queries, last: OpenVersion): Promise<void> {
    if (last.view.status === 'VERSION_STATUS_COMPLETED') return
    if (last.lockedUntil >= this.#clock.now().getTime()) {
      const until = new Date(last.lockedUntil).toISOString()
      const reason = `version ${last.number}, which ${last.view.created_by} began, holds the lock of the deployment until ${until}`
      throw new LakeletError('bundle_aborted', { reason })
    }
    const view = {
      ...last.view,
      status: 'VERSION_STATUS_COMPLETED',
      complete_time: this.#now(),
      completion_reason: 'VERSION_COMPLETE_LEASE_EXPIRED',
    } as const
    await this.#putVersion(queries, { ...last, view })
  }

  async #complete(
    queries: Queries,
    caller: Caller,
    version: OpenVersion,
    reason: NonNullable<BundleVersion['completion_reason']>,
  ): Promise<BundleVersion> {
    const view: BundleVersion = {
      ...version.view,
      status: 'VERSION_STATUS_COMPLETED',
      completed_by: caller.name,
      complete_time: this.#now(),
      completion_reason: reason,
    }
    await this.#putVersion(queries, { ...version, view })
    const succeeded = reason === 'VERSION_COMPLETE_SUCCESS'
    await this.#change(queries, caller, version.deployment, {
      status: succeeded ? 'DEPLOYMENT_STATUS_ACTIVE' : 'DEPLOYMENT_STATUS_FAILED',
      ...(succeeded ? { last_successful_version_id: view.version_id } : {}),
    })
    return view
  }

  async #versions(queries: Queries, deployment: BundleDeploymentRow): Promise<OpenVersion[]> {
    return (await listBundleVersions(queries, deployment.id)).map((row) => ({
      deployment,
      number: row.version_id,
      lockedUntil: row.locked_until,
      view: JSON.parse(row.body) as BundleVersion,
    }))
  }

  async #putVersion(queries: Queries, { deployment, number, lockedUntil, view }: OpenVersion): Promise<void> {
    const place = { deployment_id: deployment.id, version_id: number }
    await putBundleVersion(queries, { ...place, locked_until: lockedUntil, body: JSON.stringify(view) })
  }

  /** Reads the deployment again: what was found before may have changed in the meantime. */
  async #change(
    queries: Queries,
    caller: Caller,
    { id }: BundleDeploymentRow,
    changes: Partial<BundleDeployment>,
  ): Promise<BundleDeployment> {
    const row = await findBundleDeployment(queries, id)
    if (!row) throw notFound('deployment')
    const view = { ...deploymentOf(row), ...changes, updated_by: caller.name, update_time: this.#now() }
    await putBundleDeployment(queries, { ...row, body: JSON.stringify(view) })
    return view
  }

  #lockEnd(): number {
    return this.#clock.now().getTime() + LOCK_MS
  }

  #now(): string {
    return this.#clock.now().toISOString()
  }
}

function mayUse(caller: Caller, row: BundleDeploymentRow): boolean {
  return caller.isAdmin || row.creator_id === caller.id
}

function deploymentOf(row: BundleDeploymentRow): BundleDeployment {
  return JSON.parse(row.body) as BundleDeployment
}

function ended({ number }: OpenVersion): LakeletError {
  return new LakeletError('bundle_aborted', { reason: `version ${number} is over or has lost its lock` })
}

function given(fields: Partial<BundleDeployment>): Partial<BundleDeployment> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
