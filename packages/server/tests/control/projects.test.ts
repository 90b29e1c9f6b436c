import { branchRoutes, endpointRoutes, projectRoutes } from '@lakelet/api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type ControlWorkspace,
  createProject,
  done,
  poll,
  refusal,
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
          suspend_timeout_duration: '300s',
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
})
