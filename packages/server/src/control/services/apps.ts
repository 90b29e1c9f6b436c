// The service behind `/api/2.0/apps/…`.
import type {
  App,
  AppIsolation,
  AppLogLine,
  AppTemplate,
  AppUpdate,
  AppVariable,
  CreateAppBody,
  UpdateAppBody,
} from '@lakelet/api'
import { checkAppName } from '../../apps/app-name.ts'
import { activeDeployment, getApp } from '../../apps/app-rows.ts'
import type { Apps } from '../../apps/apps.ts'
import type { CreateApp } from '../../apps/create-operation.ts'
import type { AppGrants } from '../../apps/ports.ts'
import type { AppTemplates } from '../../apps/templates.ts'
import type { Caller } from '../../base/caller.ts'
import type { Clock } from '../../base/clock.ts'
import { LakeletError } from '../../base/errors.ts'
import { randomUUID } from '../../base/ids.ts'
import { KeyedMutex } from '../../base/mutex.ts'
import { type AppRow, findApp, listApps } from '../../metadata/apps.ts'
import { hasThumbnail } from '../../metadata/app-thumbnails.ts'
import type { Metadata } from '../../metadata/database.ts'
import { findDeploymentInProgress } from '../../metadata/deployments.ts'
import { type AppField, changeOf, checkSettings, fieldsOf, fieldsOfMask, settingsOf } from '../rules/app.ts'
import { type PageQuery, pageOfRows } from '../rules/pages.ts'
import { viewApp } from '../views/app.ts'

export interface AppsServiceOptions {
  /** Address of the workspace. */
  readonly baseUrl: string
  readonly metadata: Metadata
  readonly clock: Clock
  readonly apps: Apps
  readonly templates: AppTemplates
  readonly grants: AppGrants
}

export interface CreateAppRequest {
  readonly body: CreateAppBody
  readonly hasCompute: boolean
  readonly template?: string | undefined
}

const MOST_APPS = 100

export class AppsService {
  readonly #options: AppsServiceOptions
  readonly #mutex = new KeyedMutex<'create'>()

  constructor(options: AppsServiceOptions) {
    this.#options = options
  }

  async create(caller: Caller, request: CreateAppRequest): Promise<App> {
    const { name } = request.body
    if (!name) throw new LakeletError('field_required', { field: 'name' })
    checkAppName(name)
    // One at a time: two creations must not choose the same port.
    return this.#mutex.run('create', async () => {
      const { metadata, templates, grants, apps } = this.#options
      if (await findApp(metadata.db, name)) throw new LakeletError('app_exists', { name })
      const count = (await listApps(metadata.db)).length
      if (count >= MOST_APPS) throw new LakeletError('too_many_apps', { limit: MOST_APPS })
      if (request.template !== undefined) await templates.check(request.template)
      await checkSettings(grants, caller, request.body)
      await apps.lives.create(await this.#newApp(caller, name, request))
      return this.get(caller, name)
    })
  }

  async list(caller: Caller, page: PageQuery): Promise<{ apps?: App[]; next_page_token?: string }> {
    const rows: AppRow[] = []
    for (const row of await listApps(this.#options.metadata.db)) {
      if (await this.#options.grants.may(caller, row.name, 'CAN_USE')) rows.push(row)
    }
    const { items, next } = pageOfRows('apps', rows, page, (row) => row.name)
    const apps = await Promise.all(
      items.map(async (row) => {
        const output = await this.#options.grants.may(caller, row.name, 'CAN_MANAGE')
        return viewApp({ ...(await this.#parts(row)), shown: { output } })
      }),
    )
    return { ...(apps.length > 0 ? { apps } : {}), ...next }
  }

  /** Those who may manage the app find in it what they deployed, and what it wrote when that failed. */
  async get(caller: Caller, name: string): Promise<App> {
    const row = await this.#row(name)
    const isManager = await this.#options.grants.may(caller, name, 'CAN_MANAGE')
    return viewApp({ ...(await this.#parts(row)), shown: { values: isManager, output: isManager } })
  }

  /** PATCH: fields that are there are set. */
  async update(caller: Caller, name: string, body: UpdateAppBody): Promise<App> {
    await this.#change(caller, name, body, fieldsOf(body))
    return this.get(caller, name)
  }

  /** `POST …/update`: the fields of the mask are replaced, an absent one by its default. */
  async createUpdate(caller: Caller, name: string, body: UpdateAppBody, mask: string): Promise<AppUpdate> {
    const update: AppUpdate = { status: { state: 'SUCCEEDED', message: 'App updated' } }
    await this.#change(caller, name, body, fieldsOfMask(mask), update)
    return this.getUpdate(name)
  }

  async getUpdate(name: string): Promise<AppUpdate> {
    const row = await this.#row(name)
    const {
      description,
      compute_size: size,
      resources,
    } = viewApp({ ...(await this.#parts(row)), shown: { output: false } })
    const known = { description, compute_size: size, ...(resources ? { resources } : {}) }
    return { ...known, ...(row.last_update ?? { status: { state: 'NOT_UPDATED' } }) }
  }

  /** Answers as soon as the deletion is stored; it goes on after that. */
  async delete(name: string): Promise<App> {
    const row = await this.#row(name)
    await this.#options.apps.lives.delete(name)
    return viewApp({ ...(await this.#parts({ ...row, wanted: 'DELETED' })), shown: { output: true } })
  }

  async start(caller: Caller, name: string): Promise<App> {
    await this.#options.apps.lives.start(caller, name)
    return this.get(caller, name)
  }

  async stop(caller: Caller, name: string): Promise<App> {
    await this.#options.apps.lives.stop(caller, name)
    return this.get(caller, name)
  }

  listTemplates(): Promise<AppTemplate[]> {
    return this.#options.templates.list()
  }

  async logs(name: string, lines: number): Promise<AppLogLine[]> {
    await this.#row(name)
    return this.#options.apps.tailOf(name, lines)
  }

  async isolation(name: string): Promise<AppIsolation> {
    return this.#options.apps.isolation(await this.#row(name))
  }

  async environment(name: string): Promise<AppVariable[]> {
    return this.#options.apps.variablesOf(await this.#row(name))
  }

  async #newApp(caller: Caller, name: string, request: CreateAppRequest): Promise<CreateApp> {
    const { clock, apps, templates } = this.#options
    const { body, template } = request
    const now = clock.now().toISOString()
    const row: CreateApp['row'] = {
      ...settingsOf(body),
      name,
      id: randomUUID(),
      wanted: request.hasCompute ? 'RUNNING' : 'STOPPED',
      port: await apps.choosePort(),
      client_id: randomUUID(),
      active_deployment: null,
      last_update: null,
      os_uid: null,
      creator: caller.name,
      updater: caller.name,
      create_time: now,
      update_time: now,
    }
    const folder =
      template === undefined ? undefined : await templates.freeFolder(template, name, caller.name)
    return { row, template, folder, caller }
  }

  async #change(
    caller: Caller,
    name: string,
    body: UpdateAppBody,
    fields: readonly AppField[],
    update?: AppUpdate,
  ): Promise<void> {
    await this.#row(name)
    await checkSettings(this.#options.grants, caller, body)
    const last = update === undefined ? {} : { last_update: update }
    await this.#options.apps.lives.update(caller, name, (row) => ({
      ...changeOf(row, body, fields),
      ...last,
    }))
  }

  async #parts(row: AppRow) {
    const { apps, metadata } = this.#options
    const [active, pending, hasPicture] = await Promise.all([
      activeDeployment(metadata.db, row),
      findDeploymentInProgress(metadata.db, row.name),
      hasThumbnail(metadata.db, row.name),
    ])
    const thumbnail = hasPicture
      ? `${this.#options.baseUrl}/api/2.0/lakelet/apps/${row.name}/thumbnail`
      : undefined
    return { row, url: apps.urlOf(row), status: apps.statusOf(row.name), active, pending, thumbnail }
  }

  #row(name: string): Promise<AppRow> {
    return getApp(this.#options.metadata.db, name)
  }
}
