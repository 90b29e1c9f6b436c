// The kinds of operation on projects.
import type { Project } from '@lakelet/api'
import { allBranchesOf, updateBranch } from '../../metadata/branches.ts'
import { listEndpoints } from '../../metadata/endpoints.ts'
import { deleteProjectRow } from '../../metadata/projects.ts'
import { allSnapshots } from '../../metadata/snapshots.ts'
import {
  type AdminConnection,
  alterDatabase,
  DEFAULT_DATABASE,
  ensureOwnerRole,
  listDatabases,
} from '../../postgres/index.ts'
import { claimCatalogId, freeId, ownerRoleId } from '../catalog/ids.ts'
import { observeCatalog } from '../catalog/known-catalog.ts'
import { onCatalog } from '../catalog/work.ts'
import type { ControlParts } from '../context.ts'
import { newBranchOf } from '../recovery/new-branch.ts'
import { EMPTY } from '../views/operation.ts'
import { partsOfProject, viewProject } from '../views/project.ts'
import { anyProject } from '../rules/resolve.ts'
import type { OperationKind, OperationRun } from '../../operations/operation-kind.ts'

interface CreateProject {
  readonly projectUid: string
  readonly branchUid: string
  readonly endpointUid: string
  readonly owner: { readonly id: number; readonly kind: 'user' | 'service_principal'; readonly name: string }
  /** Postgres name of the first database, where it is not the usual one. */
  readonly database: string | undefined
}

interface ProjectInput {
  readonly projectUid: string
}

interface DeleteProject extends ProjectInput {
  readonly purge: boolean
}

export interface ProjectOperations {
  readonly create: OperationKind<CreateProject>
  /** The change itself is stored with the operation. */
  readonly update: OperationKind<ProjectInput>
  readonly delete: OperationKind<DeleteProject>
}

export function projectOperations(context: ControlParts): ProjectOperations {
  return {
    create: createProject(context),
    update: {
      name: 'update_project',
      metadataType: 'Project',
      steps: [],
      complete: async (queries, { input }) => replyOf(context, queries, input),
    },
    delete: deleteProject(context),
  }
}

async function replyOf(
  context: ControlParts,
  queries: Parameters<typeof anyProject>[0],
  input: ProjectInput,
): Promise<Project> {
  const project = await anyProject(queries, input.projectUid)
  return viewProject(await partsOfProject(queries, project), context)
}

function createProject(context: ControlParts): OperationKind<CreateProject> {
  const { computes, storage, clock, metadata, workspaceId } = context
  return {
    name: 'create_project',
    metadataType: 'Project',
    steps: [
      {
        name: 'install_postgres',
        async run(run) {
          const { pg_version } = await anyProject(metadata.db, run.input.projectUid)
          let noted: Promise<unknown> = Promise.resolve()
          await storage.prepare(pg_version, (message) => {
            noted = noted.then(() => run.note({ message })).catch(() => undefined)
          })
          await noted
          return { message: null }
        },
      },
      {
        name: 'create_storage',
        async run({ input }) {
          const { projectUid, branchUid } = input
          const branch = await newBranchOf(metadata.db, { workspaceId, projectUid, branchUid })
          if (await storage.unfinished(branchUid, branch)) return
          const { pg_version } = await anyProject(metadata.db, projectUid)
          await storage.create(branchUid, branch, pg_version)
        },
        async undo({ input }) {
          await computes.remove(input.endpointUid)
          await storage.discard(input.branchUid, { workspaceId, projectUid: input.projectUid })
        },
      },
      { name: 'create_owner', run: (run) => createOwner(context, run) },
      {
        name: 'measure',
        run: async ({ input }) => ({ sizeBytes: await storage.sizeBytes(input.branchUid) }),
      },
    ],
    async complete(queries, run) {
      const now = clock.now().toISOString()
      const { branchUid, owner, database = DEFAULT_DATABASE } = run.input
      const claim = (kind: 'role' | 'database', oid: unknown, id: string) =>
        claimCatalogId(queries, { branchUid, kind, oid: Number(oid), id, creatorId: owner.id }, now)
      await claim('role', run.progress['ownerOid'], ownerRoleId(owner))
      await claim('database', run.progress['databaseOid'], freeId('database', database, new Set()))
      await updateBranch(queries, branchUid, {
        state: 'READY',
        state_change_time: now,
        logical_size_bytes: Number(run.progress['sizeBytes']),
      })
      return replyOf(context, queries, run.input)
    },
    async abandon(queries, { input }) {
      await deleteProjectRow(queries, input.projectUid)
    },
  }
}

/** The owner's role and the first database, in the running compute of the new branch. */
async function createOwner(
  parts: ControlParts,
  { input, signal }: OperationRun<CreateProject>,
): Promise<{ ownerOid: number | undefined; databaseOid: number | undefined }> {
  const { owner, database = DEFAULT_DATABASE } = input
  const type = owner.kind === 'user' ? 'USER' : 'SERVICE_PRINCIPAL'
  const work = async (admin: AdminConnection) => {
    const isRenamed = (await listDatabases(admin)).every(({ name }) => name !== DEFAULT_DATABASE)
    if (!isRenamed) {
      await ensureOwnerRole(admin, { name: owner.name, identity: { type, id: owner.id } })
      await alterDatabase(admin, DEFAULT_DATABASE, { name: database })
    }
    const { roles, databases } = await observeCatalog(parts, input.branchUid, admin)
    return {
      ownerOid: roles.find(({ object }) => object.name === owner.name)?.object.oid,
      databaseOid: databases.find(({ object }) => object.name === database)?.object.oid,
    }
  }
  return onCatalog(parts, input.endpointUid, work, signal)
}

/** Nothing is undone: what is marked as deleted and could not be removed is tried again by the purge. */
function deleteProject({
  metadata,
  computes,
  storage,
  workspaceId,
}: ControlParts): OperationKind<DeleteProject> {
  return {
    name: 'delete_project',
    metadataType: 'Project',
    steps: [
      {
        name: 'stop_computes',
        async run({ input }) {
          for (const branch of await allBranchesOf(metadata.db, input.projectUid)) {
            for (const { uid } of await listEndpoints(metadata.db, branch.uid)) await computes.remove(uid)
          }
        },
      },
      {
        name: 'remove_storage',
        async run({ input }) {
          if (!input.purge) return
          for (const branch of await allBranchesOf(metadata.db, input.projectUid))
            await storage.remove(branch.uid, { workspaceId, projectUid: input.projectUid })
          for (const { uid } of await allSnapshots(metadata.db, input.projectUid))
            await storage.snapshots.remove(uid)
        },
      },
    ],
    async complete(queries, { input }) {
      if (input.purge) await deleteProjectRow(queries, input.projectUid)
      return EMPTY
    },
  }
}
