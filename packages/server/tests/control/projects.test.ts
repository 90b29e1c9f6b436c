import { branchRoutes, endpointRoutes, projectRoutes, roleRoutes } from '@lakelet/api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type ControlWorkspace,
  createProject,
  done,
  poll,
  refusal,
  SERVICE,
  startFreshControl,
} from './control-workspace.ts'

describe('projects', () => {
  let workspace: ControlWorkspace
  beforeAll(async () => {
    workspace = await startFreshControl()
    await createProject(workspace.client, 'my-app-db')
  })
  afterAll(() => workspace[Symbol.asyncDispose]())

  test('a new project has production, primary, a database and an owner role', async () => {
    const { client } = workspace
    const project = await client.call(projectRoutes.getProject, { params: { project: 'my-app-db' } })
    expect(project).toMatchObject({
      name: 'projects/my-app-db',
      project_id: 'my-app-db',
      status: {
        branch_logical_size_limit_bytes: 8796093022208,
        default_branch: 'projects/my-app-db/branches/production',
        default_endpoint_settings: {
          autoscaling_limit_max_cu: 1,
          autoscaling_limit_min_cu: 1,
          suspend_timeout_duration: '86400s',
        },
        display_name: 'my-app-db',
        enable_pg_native_login: false,
        history_retention_duration: '604800s',
        owner: 'jane.doe@example.com',
        pg_version: 17,
        project_id: 'my-app-db',
      },
    })
    expect(project).not.toHaveProperty('spec')
    const { branches } = await client.call(branchRoutes.listBranches, { params: { project: 'my-app-db' } })
    expect(branches).toHaveLength(1)
    expect(branches?.[0]).toMatchObject({
      name: 'projects/my-app-db/branches/production',
      parent: 'projects/my-app-db',
      status: { current_state: 'READY', default: true, is_protected: false },
    })
    expect(branches?.[0]?.uid).toMatch(/^br-/)
    expect(branches?.[0]?.status).not.toHaveProperty('source_branch')
    const { endpoints } = await client.call(endpointRoutes.listEndpoints, {
      params: { project: 'my-app-db', branch: 'production' },
    })
    expect(endpoints).toHaveLength(1)
    expect(endpoints?.[0]).toMatchObject({
      name: 'projects/my-app-db/branches/production/endpoints/primary',
      status: {
        endpoint_type: 'ENDPOINT_TYPE_READ_WRITE',
        current_state: 'ACTIVE',
        disabled: false,
        hosts: { host: `${endpoints?.[0]?.uid}.database.local` },
      },
    })
  })

  test('its operation can be polled, with the project as its response', async () => {
    const { client } = workspace
    const started = await client.call(projectRoutes.createProject, {
      query: { project_id: 'polled' },
      body: { spec: { display_name: 'Polled', history_retention_duration: '172800s' } },
    })
    expect(started).toMatchObject({
      done: false,
      metadata: { '@type': 'type.googleapis.com/databricks.postgres.v1.ProjectOperationMetadata' },
    })
    expect(started.name).toMatch(/^projects\/polled\/operations\/[0-9a-f-]{36}$/)
    const ended = await poll(client, started.name)
    expect(ended).toMatchObject({
      name: started.name,
      done: true,
      response: {
        name: 'projects/polled',
        status: { display_name: 'Polled', history_retention_duration: '172800s' },
      },
    })
    expect(ended).not.toHaveProperty('error')
  })

  test('a second project of that id is refused', async () => {
    const { client } = workspace
    const error = await refusal(
      client.call(projectRoutes.createProject, { query: { project_id: 'my-app-db' }, body: {} }),
    )
    expect(error).toMatchObject({
      status: 409,
      errorCode: 'ALREADY_EXISTS',
      message: 'project with such id already exists in the workspace',
    })
  })

  test('a deleted project is gone from lists, can be undeleted, and is purged on request', async () => {
    const { client } = workspace
    await createProject(client, 'short-lived')
    const params = { project: 'short-lived' }
    const deleted = await client.call(projectRoutes.deleteProject, { params })
    expect(await done(client, deleted)).toEqual({ '@type': 'type.googleapis.com/google.protobuf.Empty' })
    expect(await client.call(projectRoutes.getProject, { params })).toHaveProperty('purge_time')
    expect(await listedIds(false)).not.toContain('short-lived')
    expect(await listedIds(true)).toContain('short-lived')
    const back = await done(client, await client.call(projectRoutes.undeleteProject, { params, body: {} }))
    expect(back).not.toHaveProperty('delete_time')
    expect(await listedIds(false)).toContain('short-lived')
    const before = await workspace.storage.list()
    await done(client, await client.call(projectRoutes.deleteProject, { params, query: { purge: true } }))
    expect(await workspace.storage.list()).toHaveLength(before.length - 1)
    expect(await refusal(client.call(projectRoutes.getProject, { params }))).toMatchObject({ status: 404 })

    async function listedIds(showDeleted: boolean): Promise<string[]> {
      const { projects } = await client.call(projectRoutes.listProjects, {
        query: { show_deleted: showDeleted },
      })
      return (projects ?? []).map((project) => project.project_id)
    }
  })

  test('who has no right on a project sees neither it nor its operations', async () => {
    const { client } = workspace
    const started = await client.call(projectRoutes.createProject, {
      query: { project_id: 'private' },
      body: {},
    })
    await done(client, started)
    const listed = async (name: 'bob' | 'eve' | 'service') => {
      const { projects } = await workspace.as(name).call(projectRoutes.listProjects, {})
      return (projects ?? []).map((project) => project.project_id)
    }
    const params = { project: 'private' }
    for (const name of ['bob', 'eve', 'service'] as const) {
      expect(await listed(name)).toEqual([])
      for (const call of [
        workspace.as(name).call(projectRoutes.getProject, { params }),
        workspace.as(name).call(projectRoutes.deleteProject, { params }),
      ]) {
        expect(await refusal(call)).toMatchObject({
          status: 404,
          message: expect.stringMatching(/^project id not found \[TraceId: /),
        })
      }
      expect(await refusal(poll(workspace.as(name), started.name))).toMatchObject({ status: 404 })
    }
    await workspace.grant('bob', 'private', 'CAN_USE')
    expect(await listed('bob')).toEqual(['private'])
    expect(await poll(workspace.as('bob'), started.name)).toMatchObject({ done: true })
    expect(await refusal(workspace.as('bob').call(projectRoutes.deleteProject, { params }))).toMatchObject({
      status: 403,
      errorCode: 'PERMISSION_DENIED',
    })
  })

  test('a service principal owns the project it creates', async () => {
    const service = workspace.as('service')
    await createProject(service, 'by-service')
    const project = await service.call(projectRoutes.getProject, { params: { project: 'by-service' } })
    expect(project.status.owner).toBe(SERVICE)
    const { roles } = await service.call(roleRoutes.listRoles, {
      params: { project: 'by-service', branch: 'production' },
    })
    expect(roles?.map((role) => role.role_id)).toEqual([`sp-${SERVICE}`])
  })

  test('settings change by their mask, and what is not there is refused by name', async () => {
    const { client } = workspace
    const params = { project: 'my-app-db' }
    const update = (mask: string, body: object) =>
      client.call(projectRoutes.updateProject, { params, query: { update_mask: mask }, body })
    const spec = { display_name: 'Mine', enable_pg_native_login: true }
    const renamed = await done(client, await update('spec.display_name', { name: 'x', spec }))
    expect(renamed['status']).toMatchObject({ display_name: 'Mine', enable_pg_native_login: false })
    const tags = [{ key: 'team', value: 'a' }]
    const defaults = { default_endpoint_settings: { no_suspension: true, autoscaling_limit_max_cu: 2 } }
    const all = await done(
      client,
      await update('initial_endpoint_spec,spec', { spec: { ...defaults, custom_tags: tags } }),
    )
    expect(all['status']).toMatchObject({
      custom_tags: tags,
      default_endpoint_settings: { autoscaling_limit_min_cu: 1, autoscaling_limit_max_cu: 2 },
    })
    expect(await refusal(update('spec.pg_version', { spec: { pg_version: 18 } }))).toMatchObject({
      status: 400,
      errorCode: 'INVALID_PARAMETER_VALUE',
    })
    expect(
      await refusal(
        update('spec.history_retention_duration', { spec: { history_retention_duration: '1s' } }),
      ),
    ).toMatchObject({ status: 400, errorCode: 'INVALID_PARAMETER_VALUE' })
  })
})
