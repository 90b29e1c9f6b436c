// The service behind `/api/2.0/apps/…`.
import {
  OTHER_APP_SETTINGS,
  type App,
  type AppDeployment,
  type AppLogLine,
  type AppTemplate,
  type AppUpdate,
  type AppVariable,
  type CreateAppBody,
  type CreateDeploymentBody,
  type OtherAppSettings,
  type UpdateAppBody,
} from '@lakelet/api'
import { checkAppName } from '../../apps/app-name.ts'
import type { Apps } from '../../apps/apps.ts'
import type { AppOperations, CreateApp } from '../../apps/app-operations.ts'
import type { AppGrants } from '../../apps/ports.ts'
import type { AppTemplates } from '../../apps/templates.ts'
import type { Caller } from '../../base/caller.ts'
import type { Clock } from '../../base/clock.ts'
import { isLakeletError, LakeletError } from '../../base/errors.ts'
import { randomUUID } from '../../base/ids.ts'
import { KeyedMutex } from '../../base/mutex.ts'
import { homeOf } from '../../files/paths.ts'
import type { WorkspaceTree } from '../../files/workspace-tree.ts'
import { type AppRow, findApp, listApps, updateApp } from '../../metadata/apps.ts'
import type { Metadata } from '../../metadata/database.ts'
import {
  type DeploymentRow,
  findDeployment,
  insertDeployment,
  listDeployments,
  nextDeploymentSequence,
} from '../../metadata/deployments.ts'
import { type PageQuery, pageOfRows } from '../rules/pages.ts'
import type { Operations } from '../../operations/operations.ts'
import { viewApp, viewDeployment } from './app-view.ts'
import type { WorkspaceFilesService } from './workspace.ts'

export interface AppsServiceOptions {
  readonly metadata: Metadata
  readonly clock: Clock
  readonly apps: Apps
  readonly templates: AppTemplates
  readonly tree: WorkspaceTree
  readonly workspace: WorkspaceFilesService
  readonly operations: Operations
  readonly kinds: AppOperations
  readonly grants: AppGrants
}

export interface CreateAppRequest {
  readonly body: CreateAppBody
  readonly hasCompute: boolean
  readonly template?: string | undefined
}

const MOST_APPS = 100
/** How long a caller waits for a creation; binding a database may wake a compute. */
const CREATE_MS = 120_000
const UPDATABLE = [
  'description',
  'compute_size',
  'resources',
  'user_api_scopes',
  ...OTHER_APP_SETTINGS,
] as const

export class AppsService {
  readonly #options: AppsServiceOptions
  readonly #mutex = new KeyedMutex<string>()

  constructor(options: AppsServiceOptions) {
    this.#options = options
  }

  async create(caller: Caller, request: CreateAppRequest): Promise<App> {
    const { name } = request.body
    if (!name) throw new LakeletError('field_required', { field: 'name' })
    checkAppName(name)
    // One at a time: two creations must not choose the same port.
    return this.#mutex.run('create', async () => {
      const { metadata, templates } = this.#options
      if (await findApp(metadata.db, name)) throw new LakeletError('app_exists', { name })
      const count = (await listApps(metadata.db)).length
      if (count >= MOST_APPS) throw new LakeletError('too_many_apps', { limit: MOST_APPS })
      if (request.template !== undefined) await templates.check(request.template)
      await this.#checkSettings(caller, request.body)
      return this.#create(caller, name, request)
    })
  }

  async list(caller: Caller, page: PageQuery): Promise<{ apps?: App[]; next_page_token?: string }> {
    const rows: AppRow[] = []
    for (const row of await listApps(this.#options.metadata.db)) {
      if (await this.#options.grants.may(caller, row.name, 'CAN_USE')) rows.push(row)
    }
    const { items, next } = pageOfRows('apps', rows, page, (row) => row.name)
    const apps = await Promise.all(items.map((row) => this.#view(row)))
    return { ...(apps.length > 0 ? { apps } : {}), ...next }
  }

  /** Values of a deployment's variables are shown to those who may manage the app: they find in it what they deployed. */
  async get(caller: Caller, name: string): Promise<App> {
    const row = await this.#row(name)
    const showsValues = await this.#options.grants.may(caller, name, 'CAN_MANAGE')
    return viewApp({ ...(await this.#parts(row)), showsValues })
  }

  /** PATCH: fields that are there are set. */
  async update(caller: Caller, name: string, body: UpdateAppBody): Promise<App> {
    const fields = UPDATABLE.filter((field) => body[field] !== undefined)
    await this.#change(caller, name, body, fields)
    return this.get(caller, name)
  }

  /** `POST …/update`: the fields of the mask are replaced, an absent one by its default. */
  async createUpdate(caller: Caller, name: string, body: UpdateAppBody, mask: string): Promise<AppUpdate> {
    const known = UPDATABLE.join(', ')
    const fields = mask.split(',').map((each) => each.trim())
    for (const field of fields) {
      if (!UPDATABLE.some((each) => each === field))
        throw new LakeletError('app_update_mask', { field, known })
    }
    const picked = UPDATABLE.filter((field) => fields.includes(field))
    await this.#change(caller, name, body, picked)
    const update: AppUpdate = { status: { state: 'SUCCEEDED', message: 'App updated' } }
    await updateApp(this.#options.metadata.db, name, { last_update: JSON.stringify(update) })
    return this.getUpdate(name)
  }

  async getUpdate(name: string): Promise<AppUpdate> {
    const row = await this.#row(name)
    const { description, compute_size: size, resources } = viewApp(await this.#parts(row))
    const known = { description, compute_size: size, ...(resources ? { resources } : {}) }
    if (row.last_update === null) return { ...known, status: { state: 'NOT_UPDATED' } }
    return { ...known, ...(JSON.parse(row.last_update) as AppUpdate) }
  }

  async delete(name: string): Promise<App> {
    const row = await this.#row(name)
    if (row.wanted !== 'DELETED') {
      await this.#options.apps.cancelDeployment(name, 'deleted')
      await this.#startDeletion(row)
    }
    return viewApp(await this.#parts({ ...row, wanted: 'DELETED' }))
  }

  /** Goes on with deletions that an earlier version of the workspace began. */
  async resumeDeletions(): Promise<void> {
    for (const row of await listApps(this.#options.metadata.db)) {
      if (row.wanted !== 'DELETED') continue
      await this.#startDeletion(row).catch((error: unknown) => {
        // It is on its way already.
        if (!isLakeletError(error, 'conflicting_operations')) throw error
      })
    }
  }

  async #startDeletion({ name, id }: AppRow): Promise<void> {
    const { operations, kinds } = this.#options
    await operations.start(kinds.delete, {
      resource: `apps/${name}`,
      objectUid: id,
      input: { name },
      locks: [lockOf(name)],
      store: (queries) => updateApp(queries, name, { wanted: 'DELETED' }),
    })
  }

  async start(caller: Caller, name: string): Promise<App> {
    const row = await this.#row(name)
    const isStopped = row.wanted === 'STOPPED' && this.#options.apps.statusOf(name).state === 'idle'
    if (!isStopped) throw this.#wrongState('start', await this.get(caller, name))
    await this.#touch(caller, name, { wanted: 'RUNNING' })
    await this.#options.apps.start(name)
    return this.get(caller, name)
  }

  async stop(caller: Caller, name: string): Promise<App> {
    const row = await this.#row(name)
    if (row.wanted !== 'RUNNING') throw this.#wrongState('stop', await this.get(caller, name))
    await this.#touch(caller, name, { wanted: 'STOPPED' })
    await this.#options.apps.stop(name, 'stopped')
    return this.get(caller, name)
  }

  async deploy(caller: Caller, name: string, body: CreateDeploymentBody): Promise<AppDeployment> {
    const { apps } = this.#options
    if (body.mode === 'AUTO_SYNC')
      throw new LakeletError('not_implemented', { feature: 'Deployment mode AUTO_SYNC' })
    return this.#mutex.run(`deploy ${name}`, async () => {
      const row = await this.#row(name)
      if (row.wanted !== 'RUNNING') throw this.#wrongState('deploy', await this.get(caller, name))
      if (apps.statusOf(name).deploying !== undefined)
        throw new LakeletError('deployment_in_progress', { name })
      const source = body.source_code_path || row.default_source_code_path
      if (source === null || source === undefined) throw new LakeletError('app_source_missing', { name })
      const deployment = await this.#snapshot(caller, row, source, body)
      apps.deploy(row, deployment)
      return viewDeployment(deployment, true)
    })
  }

  async listDeployments(name: string, page: PageQuery) {
    await this.#row(name)
    const rows = await listDeployments(this.#options.metadata.db, name)
    const { items, next } = pageOfRows(`deployments ${name}`, rows, page, (row) => row.deployment_id)
    return {
      ...(items.length > 0 ? { app_deployments: items.map((each) => viewDeployment(each)) } : {}),
      ...next,
    }
  }

  async getDeployment(name: string, id: string): Promise<AppDeployment> {
    return viewDeployment(await this.#deployment(name, id))
  }

  listTemplates(): Promise<AppTemplate[]> {
    return this.#options.templates.list()
  }

  async logs(name: string, lines: number): Promise<AppLogLine[]> {
    await this.#row(name)
    return this.#options.apps.tailOf(name, lines)
  }

  async deploymentLog(name: string, id: string): Promise<string> {
    await this.#deployment(name, id)
    return this.#options.apps.buildLogOf(name, id)
  }

  async environment(name: string): Promise<AppVariable[]> {
    return this.#options.apps.variablesOf(await this.#row(name))
  }

  async #create(caller: Caller, name: string, request: CreateAppRequest): Promise<App> {
    const { operations, kinds, clock, apps, templates } = this.#options
    const { body } = request
    const now = clock.now().toISOString()
    const { template } = request
    const row: CreateApp['row'] = {
      name,
      id: randomUUID(),
      description: body.description ?? '',
      compute_size: body.compute_size ?? 'MEDIUM',
      wanted: request.hasCompute ? 'RUNNING' : 'STOPPED',
      port: await apps.choosePort(),
      client_id: randomUUID(),
      active_deployment: null,
      resources: JSON.stringify(body.resources ?? []),
      user_api_scopes: JSON.stringify(body.user_api_scopes ?? []),
      other_settings: JSON.stringify(otherSettings(body, OTHER_APP_SETTINGS)),
      last_update: null,
      os_uid: null,
      creator: caller.name,
      updater: caller.name,
      create_time: now,
      update_time: now,
    }
    const folder =
      template === undefined ? undefined : await templates.freeFolder(template, name, caller.name)
    const { id } = await operations.start(kinds.create, {
      resource: `apps/${name}`,
      objectUid: row.id,
      callerId: caller.id,
      input: { row, template, folder, caller },
      locks: [lockOf(name)],
    })
    const ended = await operations.waitFor(id, CREATE_MS)
    const failure = kinds.failureOf(id)
    if (failure) throw failure
    // Neither done nor failed: it goes on, and the app is there when it is done.
    if (ended?.state !== 'succeeded') throw new LakeletError('conflicting_operations')
    return this.get(caller, name)
  }

  /** Keeps the source as it is now, as far as the caller may read it, with the row of its deployment. */
  async #snapshot(
    caller: Caller,
    row: AppRow,
    source: string,
    body: CreateDeploymentBody,
  ): Promise<DeploymentRow> {
    const { workspace, tree, metadata, clock } = this.#options
    const { path, key, parts } = await workspace.readableParts(caller, source)
    const id = randomUUID().replaceAll('-', '')
    const now = clock.now().toISOString()
    const deployment: DeploymentRow = {
      deployment_id: id,
      app: row.name,
      sequence: await nextDeploymentSequence(metadata.db, row.name),
      source_code_path: path,
      snapshot_path: `${homeOf(row.client_id)}/src/${id}`,
      mode: 'SNAPSHOT',
      state: 'IN_PROGRESS',
      message: 'Deployment in progress',
      command: body.command && body.command.length > 0 ? JSON.stringify(body.command) : null,
      env_vars: body.env_vars ? JSON.stringify(body.env_vars) : null,
      build: null,
      creator: caller.name,
      create_time: now,
      update_time: now,
    }
    await tree.keepSnapshot(id, key, parts, (queries) => insertDeployment(queries, deployment))
    return deployment
  }

  async #change(
    caller: Caller,
    name: string,
    body: UpdateAppBody,
    fields: readonly (typeof UPDATABLE)[number][],
  ): Promise<void> {
    const row = await this.#row(name)
    await this.#checkSettings(caller, body)
    const change: Partial<AppRow> = {
      ...(fields.includes('description') ? { description: body.description ?? '' } : {}),
      ...(fields.includes('compute_size') ? { compute_size: body.compute_size ?? 'MEDIUM' } : {}),
      ...(fields.includes('resources') ? { resources: JSON.stringify(body.resources ?? []) } : {}),
      ...(fields.includes('user_api_scopes')
        ? { user_api_scopes: JSON.stringify(body.user_api_scopes ?? []) }
        : {}),
      other_settings: JSON.stringify({
        ...withoutFields(JSON.parse(row.other_settings) as OtherAppSettings, fields),
        ...otherSettings(body, fields),
      }),
    }
    if (change.resources !== undefined) await this.#options.apps.bind({ ...row, ...change })
    await this.#touch(caller, name, change)
    if (change.resources !== undefined) await this.#options.apps.release(row, body.resources)
  }

  async #touch(caller: Caller, name: string, change: Partial<AppRow>): Promise<void> {
    const { metadata, clock } = this.#options
    const stamp = { updater: caller.name, update_time: clock.now().toISOString() }
    await updateApp(metadata.db, name, { ...change, ...stamp })
  }

  async #view(row: AppRow): Promise<App> {
    return viewApp(await this.#parts(row))
  }

  async #parts(row: AppRow) {
    const { apps, metadata } = this.#options
    const status = apps.statusOf(row.name)
    const find = async (id: string | null | undefined) =>
      id === null || id === undefined ? undefined : findDeployment(metadata.db, row.name, id)
    const [active, pending] = await Promise.all([find(row.active_deployment), find(status.deploying)])
    const isPending = pending?.state === 'IN_PROGRESS'
    return { row, url: apps.urlOf(row), status, active, pending: isPending ? pending : undefined }
  }

  async #row(name: string): Promise<AppRow> {
    const row = await findApp(this.#options.metadata.db, name)
    if (!row) throw new LakeletError('app_not_found', { name })
    return row
  }

  async #deployment(name: string, id: string): Promise<DeploymentRow> {
    await this.#row(name)
    const row = await findDeployment(this.#options.metadata.db, name, id)
    if (!row) throw new LakeletError('deployment_not_found', { deployment: id, name })
    return row
  }

  /** Names are keys for `valueFrom`, so each may be there once; a database must be one that the caller may give away. */
  async #checkSettings(caller: Caller, { resources, user_api_scopes: scopes }: UpdateAppBody): Promise<void> {
    if (scopes && scopes.length > 0)
      throw new LakeletError('not_implemented', { feature: "Acting as an app's user (user_api_scopes)" })
    const seen = new Set<string>()
    for (const resource of resources ?? []) {
      const { name, postgres, secret } = resource
      const fail = (reason: string) => new LakeletError('app_resource_invalid', { resource: name, reason })
      if (seen.has(name)) throw fail('its name is there twice.')
      seen.add(name)
      const kinds = Object.keys(resource).filter((key) => key !== 'name' && key !== 'description')
      const foreign = kinds.find((kind) => kind !== 'postgres' && kind !== 'secret')
      if (foreign !== undefined)
        throw new LakeletError('feature_disabled', { feature: `An app resource of the kind '${foreign}'` })
      if (kinds.length > 1) throw fail(`it names ${kinds.join(' and ')}; make a resource of each.`)
      if (secret) await this.#options.grants.requireSecrets(caller, secret.scope)
      if (secret) continue
      if (!postgres)
        throw fail(
          'it names nothing; give it a postgres {branch, database, permission} or a secret {scope, key}.',
        )
      const project = /^projects\/([^/]+)\/branches\/[^/]+$/.exec(postgres.branch)?.[1]
      if (project === undefined)
        throw fail(`'${postgres.branch}' is not projects/<project>/branches/<branch>.`)
      if (!(await this.#options.grants.mayAttach(caller, project)))
        throw new LakeletError('permission_denied', {
          action: `give an app a database of project ${project}`,
        })
    }
  }

  #wrongState(action: string, app: App): LakeletError {
    return new LakeletError('app_state', { action, name: app.name, state: app.compute_status.state })
  }
}

function lockOf(name: string) {
  return { scope: `apps/${name}`, mode: 'exclusive' } as const
}

/** The fields of a body that are kept without effect; an empty text is as good as none. */
function otherSettings(body: UpdateAppBody, fields: readonly string[]): OtherAppSettings {
  const given = OTHER_APP_SETTINGS.filter((field) => fields.includes(field))
    .map((field) => [field, body[field]] as const)
    .filter(([, value]) => value !== undefined && value !== '')
  return Object.fromEntries(given)
}

function withoutFields(settings: OtherAppSettings, fields: readonly string[]): OtherAppSettings {
  return Object.fromEntries(Object.entries(settings).filter(([field]) => !fields.includes(field)))
}
