// The service behind `/api/2.0/apps/{name}/deployments` and the logs of deployments.
import type { AppDeployment, CreateDeploymentBody } from '@lakelet/api'
import { getApp, getDeployment } from '../../apps/app-rows.ts'
import type { Apps } from '../../apps/apps.ts'
import type { AppGrants } from '../../apps/ports.ts'
import type { Caller } from '../../base/caller.ts'
import type { Clock } from '../../base/clock.ts'
import { because, LakeletError } from '../../base/errors.ts'
import { randomUUID } from '../../base/ids.ts'
import { homeOf } from '../../files/paths.ts'
import type { AppRow } from '../../metadata/apps.ts'
import type { Metadata } from '../../metadata/database.ts'
import { listSnapshots } from '../../metadata/deployment-files.ts'
import { type DeploymentRow, listDeployments } from '../../metadata/deployments.ts'
import { checkHealthCheck } from '../rules/health-check.ts'
import { type PageQuery, pageOfRows } from '../rules/pages.ts'
import { type Shown, viewDeployment } from '../views/app.ts'
import type { WorkspaceFilesService } from './workspace.ts'

export interface AppDeploymentsOptions {
  readonly metadata: Metadata
  readonly clock: Clock
  readonly apps: Apps
  readonly grants: Pick<AppGrants, 'may'>
  readonly workspace: WorkspaceFilesService
}

const TO_MANAGERS: Shown = { values: true, output: true }

export class AppDeploymentsService {
  readonly #options: AppDeploymentsOptions

  constructor(options: AppDeploymentsOptions) {
    this.#options = options
  }

  /** Deploys the source as it is now, as far as the caller may read it; the deployment goes on after the answer. */
  async deploy(caller: Caller, name: string, body: CreateDeploymentBody): Promise<AppDeployment> {
    const { apps, workspace } = this.#options
    if (body.health_check) checkHealthCheck(body.health_check)
    const row = await apps.lives.allow('deploy', name)
    const source = body.source_code_path || row.default_source_code_path
    if (source === null || source === undefined) throw new LakeletError('app_source_missing', { name })
    const { path, key, parts } = await workspace.readableParts(caller, source)
    const deployment = this.#newRow(caller, row, path, body)
    return viewDeployment(await apps.lives.deploy(caller, deployment, { folder: key, parts }), TO_MANAGERS)
  }

  /** Deploys what an earlier deployment was made of, with its command, variables and health check; goes on after the answer. */
  async rollBack(caller: Caller, name: string, id: string): Promise<AppDeployment> {
    const { apps } = this.#options
    const row = await apps.lives.allow('deploy', name)
    const from = await this.#kept(name, id)
    const deployment = {
      ...this.#newRow(caller, row, from.source_code_path, {}),
      command: from.command,
      env_vars: from.env_vars,
      health_check: from.health_check,
    }
    return viewDeployment(await apps.lives.deployAgain(caller, deployment, id), TO_MANAGERS)
  }

  /**
   * Deploys an app again whose source is no longer what the deployment `last` was made of, in its mode and with its command, variables and
   * health check.
   */
  async deployIfChanged(caller: Caller, app: AppRow, last: DeploymentRow): Promise<void> {
    const { apps, workspace } = this.#options
    const { path, key, parts } = await workspace.readableParts(caller, last.source_code_path)
    if (await workspace.isAsInSnapshot(last.deployment_id, key, parts)) return
    const { mode, command, env_vars, health_check } = last
    const row = { ...this.#newRow(caller, app, path, { mode }), command, env_vars, health_check }
    await apps.lives.deploy(caller, row, { folder: key, parts })
  }

  async list(caller: Caller, name: string, page: PageQuery) {
    const { db } = this.#options.metadata
    await getApp(db, name)
    const rows = await listDeployments(db, name)
    const shown = await this.#shownTo(caller, name)
    const { items, next } = pageOfRows(`deployments ${name}`, rows, page, (row) => row.deployment_id)
    return {
      ...(items.length > 0 ? { app_deployments: items.map((each) => viewDeployment(each, shown)) } : {}),
      ...next,
    }
  }

  async get(caller: Caller, name: string, id: string): Promise<AppDeployment> {
    return viewDeployment(await this.#row(name, id), await this.#shownTo(caller, name))
  }

  async log(name: string, id: string): Promise<string> {
    await this.#row(name, id)
    return this.#options.apps.buildLogOf(name, id)
  }

  async #shownTo(caller: Caller, name: string): Promise<Shown> {
    return { output: await this.#options.grants.may(caller, name, 'CAN_MANAGE') }
  }

  #newRow(
    caller: Caller,
    app: AppRow,
    path: string,
    { command, env_vars: variables, health_check: check, mode }: CreateDeploymentBody,
  ): Omit<DeploymentRow, 'sequence'> {
    const id = randomUUID().replaceAll('-', '')
    const now = this.#options.clock.now().toISOString()
    return {
      deployment_id: id,
      app: app.name,
      source_code_path: path,
      snapshot_path: `${homeOf(app.client_id)}/src/${id}`,
      mode: mode ?? 'SNAPSHOT',
      state: 'IN_PROGRESS',
      message: 'Deployment in progress',
      command: command && command.length > 0 ? command : null,
      env_vars: variables ?? null,
      health_check: check ?? null,
      build: null,
      creator: caller.name,
      create_time: now,
      update_time: now,
    }
  }

  /** A deployment that can be made again; LakeletError `deployment_not_kept`. */
  async #kept(name: string, id: string): Promise<DeploymentRow> {
    const { db } = this.#options.metadata
    const row = await this.#row(name, id)
    const snapshots = new Set(await listSnapshots(db, name))
    const canBeMade = (each: DeploymentRow) => each.state === 'SUCCEEDED' && snapshots.has(each.deployment_id)
    if (canBeMade(row)) return row
    const known = (await listDeployments(db, name)).filter(canBeMade).map((each) => each.deployment_id)
    const reason = because(row.state === 'SUCCEEDED' ? 'deployment_swept' : 'deployment_not_succeeded')
    const words = { deployment: id, name, reason, known: known.join(', ') || '–' }
    throw new LakeletError('deployment_not_kept', words)
  }

  async #row(name: string, id: string): Promise<DeploymentRow> {
    const { db } = this.#options.metadata
    await getApp(db, name)
    return getDeployment(db, name, id)
  }
}
