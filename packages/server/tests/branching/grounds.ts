// What is below the control plane of a world: real Postgres processes, or simulated ones.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { SimulatedDriver } from '../../src/computes/drivers/simulated.ts'
import { newBranch, newEndpoint } from '../../src/control/rules/new-rows.ts'
import { insertBranch, updateBranch } from '../../src/metadata/branches.ts'
import { insertEndpoint } from '../../src/metadata/endpoints.ts'
import { insertProject } from '../../src/metadata/projects.ts'
import type { AdminConnection } from '../../src/postgres/index.ts'
import { type ControlWorkspace, createProject } from '../control/control-workspace.ts'
import { openSimulated, type SimulatedPostgres } from '../simulated/postgres.ts'
import { DATABASE, readTable } from './table.ts'
import { type Uids, World } from './world.ts'

/** Real Postgres processes. */
export async function realWorld(dataDir: string): Promise<World> {
  const on = <T>(
    { computes }: ControlWorkspace,
    { endpoint }: Uids,
    work: (admin: AdminConnection) => Promise<T>,
  ) => computes.withAdmin(endpoint, work, DATABASE)
  return new World(dataDir, {
    options: {},
    makeProject: (workspace, id) => createProject(workspace.client, id),
    write: (workspace, uid, what, n) =>
      on(workspace, uid, async (admin) => {
        await admin.execute('CREATE TABLE IF NOT EXISTS public.t (n int)')
        if (what === 'add') await admin.query('INSERT INTO public.t VALUES ($1)', [n])
        else await admin.execute('TRUNCATE public.t')
        const [row] = await admin.query<{ time: string; lsn: string }>(
          `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS time, pg_current_wal_insert_lsn()::text AS lsn`,
        )
        if (!row) throw new Error('no row')
        return row
      }),
    read: (workspace, uid) => on(workspace, uid, readTable),
    switchSegment: (workspace, uid) => on(workspace, uid, (admin) => admin.execute('SELECT pg_switch_wal()')),
    checkpoint: (workspace, uid) => on(workspace, uid, (admin) => admin.execute('CHECKPOINT')),
    async crash({ storage }, branchUid) {
      const file = path.join(storage.dataDirectory(branchUid), 'postmaster.pid')
      const pid = Number((await readFile(file, 'utf8').catch(() => '')).split('\n')[0])
      if (pid > 0) process.kill(pid, 'SIGKILL')
    },
  })
}

/** Simulated ones. */
export async function simulatedWorld(dataDir: string): Promise<World> {
  const postgres = await openSimulated(dataDir)
  let driver: SimulatedDriver | undefined
  return new World(dataDir, {
    options: {
      postgres,
      driver: (archives: Parameters<SimulatedPostgres['driver']>[0]) => {
        driver = postgres.driver(archives)
        return driver
      },
    },
    makeProject: makeSimulatedProject,
    async write(workspace, uid, what, n) {
      const cluster = await awake(postgres, workspace, uid)
      cluster.commit(what === 'add' ? { add: n } : { remove: true }, postgres.now())
      return { time: postgres.now(), lsn: cluster.insertLsn }
    },
    read: async (workspace, uid) =>
      (await awake(postgres, workspace, uid)).rows.toSorted((one, other) => one - other),
    switchSegment: async (workspace, uid) => (await awake(postgres, workspace, uid)).switchSegment(),
    checkpoint: async (workspace, uid) => (await awake(postgres, workspace, uid)).checkpoint(),
    async crash({ storage }, branchUid) {
      driver?.serverOn(storage.dataDirectory(branchUid))?.crash()
    },
  })
}

async function awake(postgres: SimulatedPostgres, { computes, storage }: ControlWorkspace, uid: Uids) {
  await computes.wake(uid.endpoint)
  const cluster = postgres.clusters.get(storage.dataDirectory(uid.branch))
  if (!cluster) throw new Error(`nothing runs on ${uid.branch}`)
  return cluster
}

/** What creating a project does, without the SQL for its owner. */
async function makeSimulatedProject(
  { metadata, storage, identity }: ControlWorkspace,
  id: string,
): Promise<void> {
  const now = new Date().toISOString()
  const owner = identity.directory.find('user', 'jane.doe@example.com')
  const branch = newBranch({ branch_id: 'production', project_uid: `uid-${id}` }, now)
  const size = { minCu: 1, maxCu: 1, suspendSeconds: null }
  await metadata.transaction(async (queries) => {
    await insertProject(queries, {
      uid: `uid-${id}`,
      project_id: id,
      owner: 'jane.doe@example.com',
      owner_id: owner?.id ?? 0,
      display_name: id,
      pg_version: 17,
      history_retention_seconds: 604_800,
      default_endpoint_settings: '{}',
      default_branch_uid: branch.uid,
      enable_pg_native_login: 0,
      custom_tags: null,
      budget_policy_id: null,
      create_time: now,
      update_time: now,
      delete_time: null,
      purge_time: null,
    })
    await insertBranch(queries, branch)
    await insertEndpoint(
      queries,
      newEndpoint({ endpointId: 'primary', branchUid: branch.uid, size, pgSettings: {} }, now),
    )
  })
  const identityOf = { workspaceId: identity.workspaceId, projectUid: `uid-${id}` }
  await storage.create(branch.uid, { ...identityOf, record: {} })
  await updateBranch(metadata.db, branch.uid, { state: 'READY' })
}
