// What is asked of a server that is killed at a place of an operation, and what must be true after its next start.
import {
  branchRoutes,
  type Client,
  databaseRoutes,
  endpointRoutes,
  projectRoutes,
  roleRoutes,
} from '@lakelet/api'
import { expect } from 'vitest'
import { type ControlWorkspace, createProject, done, poll, refusal } from './control-workspace.ts'

export interface CrashScenario {
  readonly failpoint: string
  /** Runs to the end before the request that is interrupted. */
  readonly prepare?: (client: Client) => Promise<void>
  /** The request whose operation is interrupted. */
  readonly act: (client: Client) => Promise<{ readonly name: string }>
  readonly check: (workspace: ControlWorkspace) => Promise<void>
}

const branch = { project: 'base', branch: 'production' }

/** The project that all scenarios but those of creating one work on. */
export const prepareBase = (client: Client) => createProject(client, 'base')

function createsProject(failpoint: string, id: string): CrashScenario {
  return {
    failpoint,
    act: (client) => client.call(projectRoutes.createProject, { query: { project_id: id }, body: {} }),
    async check({ client }) {
      const params = { project: id, branch: 'production' }
      const made = await client.call(branchRoutes.getBranch, { params })
      expect(made.status.current_state).toBe('READY')
      const { roles } = await client.call(roleRoutes.listRoles, { params })
      expect(roles?.map((role) => role.role_id)).toEqual(['jane-doe'])
      const { databases } = await client.call(databaseRoutes.listDatabases, { params })
      expect(databases?.map((database) => database.database_id)).toEqual(['databricks-postgres'])
    },
  }
}

function createsBranch(failpoint: string, id: string): CrashScenario {
  return {
    failpoint,
    act: (client) =>
      client.call(branchRoutes.createBranch, {
        params: { project: 'base' },
        query: { branch_id: id },
        body: {},
      }),
    async check({ client }) {
      const params = { project: 'base', branch: id }
      const made = await client.call(branchRoutes.getBranch, { params })
      expect(made.status).toMatchObject({
        current_state: 'READY',
        source_branch: 'projects/base/branches/production',
      })
      const { roles } = await client.call(roleRoutes.listRoles, { params })
      expect(roles?.map((role) => role.role_id)).toContain('jane-doe')
    },
  }
}

function purgesBranch(failpoint: string, id: string): CrashScenario {
  return {
    failpoint,
    prepare: async (client) => {
      const started = await createsBranch('', id).act(client)
      await done(client, started)
    },
    act: (client) =>
      client.call(branchRoutes.deleteBranch, {
        params: { project: 'base', branch: id },
        query: { purge: true },
      }),
    async check({ client }) {
      const params = { project: 'base', branch: id }
      expect(await refusal(client.call(branchRoutes.getBranch, { params }))).toMatchObject({ status: 404 })
    },
  }
}

export const crashScenarios: readonly CrashScenario[] = [
  createsProject('create_project.create_storage.before', 'early'),
  createsProject('create_project.create_storage.after', 'stored'),
  createsProject('create_project.create_owner.after', 'owned'),
  createsProject('create_project.complete', 'complete'),
  createsBranch('create_branch.clone.before', 'early'),
  createsBranch('create_branch.clone.after', 'cloned'),
  createsBranch('create_branch.complete', 'complete'),
  purgesBranch('delete_branch.remove_storage.before', 'stopped'),
  purgesBranch('delete_branch.remove_storage.after', 'removed'),
  {
    failpoint: 'create_role.create.after',
    act: (client) =>
      client.call(roleRoutes.createRole, {
        params: branch,
        query: { role_id: 'interrupted' },
        body: { spec: { postgres_role: 'interrupted', attributes: { createdb: true } } },
      }),
    async check({ client }) {
      const role = await client.call(roleRoutes.getRole, { params: { ...branch, role: 'interrupted' } })
      expect(role.status.attributes).toEqual({ createdb: true, createrole: false, bypassrls: false })
    },
  },
  {
    failpoint: 'create_database.create.after',
    act: (client) =>
      client.call(databaseRoutes.createDatabase, {
        params: branch,
        query: { database_id: 'interrupted' },
        body: { spec: { role: 'projects/base/branches/production/roles/jane-doe' } },
      }),
    async check({ client }) {
      const database = await client.call(databaseRoutes.getDatabase, {
        params: { ...branch, database: 'interrupted' },
      })
      expect(database.status.postgres_database).toBe('interrupted')
    },
  },
  {
    failpoint: 'update_database.alter.after',
    act: (client) =>
      client.call(databaseRoutes.updateDatabase, {
        params: { ...branch, database: 'interrupted' },
        query: { update_mask: 'spec.postgres_database' },
        body: { spec: { postgres_database: 'renamed' } },
      }),
    async check({ client }) {
      const database = await client.call(databaseRoutes.getDatabase, {
        params: { ...branch, database: 'interrupted' },
      })
      expect(database.status.postgres_database).toBe('renamed')
    },
  },
  {
    failpoint: 'delete_role.drop.after',
    act: (client) => client.call(roleRoutes.deleteRole, { params: { ...branch, role: 'interrupted' } }),
    async check({ client }) {
      const { roles } = await client.call(roleRoutes.listRoles, { params: branch })
      expect(roles?.map((role) => role.role_id)).not.toContain('interrupted')
    },
  },
  {
    failpoint: 'update_endpoint.store.after',
    act: (client) =>
      client.call(endpointRoutes.updateEndpoint, {
        params: { ...branch, endpoint: 'primary' },
        query: { update_mask: 'spec.settings.pg_settings' },
        body: { spec: { settings: { pg_settings: { work_mem: '9MB' } } } },
      }),
    async check({ client }) {
      const params = { ...branch, endpoint: 'primary' }
      const endpoint = await client.call(endpointRoutes.getEndpoint, { params })
      expect(endpoint.status.settings).toEqual({ pg_settings: { work_mem: '9MB' } })
      expect((await client.call(roleRoutes.listRoles, { params: branch })).roles).not.toHaveLength(0)
    },
  },
]

/** Polls until the server that runs in this process is killed. */
export async function actUntilKilled(client: Client, scenario: CrashScenario): Promise<void> {
  const started = await scenario.act(client)
  await poll(client, started.name)
}
