// Branches that are carried about as files.
import { type BranchImport, branchActions, branchName, requireAction } from '@lakelet/api'
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import type { Caller } from '../../base/caller.ts'
import { LakeletError } from '../../base/errors.ts'
import { insertBranch } from '../../metadata/branches.ts'
import { insertEndpoint } from '../../metadata/endpoints.ts'
import type { ProjectRow } from '../../metadata/projects.ts'
import { ownerOf, type PostgresHost, type Role } from '../../postgres/index.ts'
import type { ReceivedBranch } from '../../storage/index.ts'
import type { ControlContext } from '../context.ts'
import type { BranchOperations } from '../operations/branches.ts'
import { identityHere } from '../operations/import-branch.ts'
import { catalogOf, parseCatalog } from '../operations/snapshot-catalog.ts'
import { type BranchHeader, catalogIn, exportedBytes, PART, unpackBranch } from '../recovery/branch-bundle.ts'
import { branchSubjectOf, newBranchRows, refuseFullProject, refuseTakenBranch } from '../rules/branch.ts'
import { type BranchPath, liveBranch, liveProject, lockOf, primaryEndpoint } from '../rules/resolve.ts'
import { checkId } from '../rules/resource-ids.ts'
import { viewOperation } from '../views/operation.ts'

/** The file that an import reads, where the caller gives it no name. */
const UNNAMED = 'the file'

interface Here {
  readonly host: PostgresHost
  readonly version: string
}

export class BranchFilesService {
  readonly #context: ControlContext
  readonly #kinds: BranchOperations
  readonly #here: Here

  constructor(context: ControlContext, kinds: BranchOperations, here: Here) {
    this.#context = context
    this.#kinds = kinds
    this.#here = here
  }

  /**
   * The bytes of a file with what the branch holds now. The copy is made before the first of them, so what stands in its way is an error of the
   * call. LakeletErrors `branch_not_ready`, those of a clone.
   */
  async export(path: BranchPath, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const { metadata, storage, clock, computes, workspaceId, catalogs } = this.#context
    const rows = await liveBranch(metadata.db, path)
    const { project, branch } = rows
    requireAction(branchActions, 'read_catalog', await branchSubjectOf(metadata.db, rows))
    const endpoint = await primaryEndpoint(metadata.db, branch.uid)
    // So that the file knows the roles and the databases, and with them their ids.
    await catalogs.known(rows, signal)
    const catalog = await catalogOf(metadata.db, branch.uid, { isPast: false })
    // Several may be made of one branch at the same time.
    const uid = `${branch.uid}-${randomBytes(4).toString('hex')}`
    const remove = () => storage.staging.remove(uid)
    const named = { workspaceId, projectUid: project.uid, record: { catalog } }
    try {
      const clone = await computes.withFiles(endpoint.uid, (connect) =>
        storage.staging.take(uid, storage.paths(branch.uid), { branch: named, connect, signal }),
      )
      signal.throwIfAborted()
      const header = {
        lakelet: this.#here.version,
        create_time: clock.now().toISOString(),
        workspace_id: workspaceId,
        platform: `${process.platform}-${process.arch}`,
        branch: branchName(project.project_id, branch.branch_id),
        pg_version: project.pg_version,
        lsn: clone.lsn,
        time: clone.time,
      }
      const bytes = exportedBytes(storage.staging.files.paths(uid), {
        header,
        postgresUid: this.#here.host.account && ownerOf(this.#here.host).uid,
        signal,
      })
      return this.#thenRemoved(bytes, remove)
    } catch (error) {
      await remove()
      throw error
    }
  }

  /** Whoever reads it may also leave before the first byte, when a generator would not so much as begin. */
  #thenRemoved(bytes: AsyncGenerator<Buffer>, remove: () => Promise<void>): Readable {
    const { log } = this.#context
    return Readable.from(bytes).once('close', () => {
      remove().catch((error: unknown) => log.warn({ err: error }, 'the copy of an export cannot be removed'))
    })
  }

  /** Receives the file, and starts to make a branch of it when every checksum agrees. LakeletErrors of what is wrong with it, of the id and the project. */
  async import(
    caller: Caller,
    projectId: string,
    {
      branch_id: branchId,
      file = UNNAMED,
    }: { readonly branch_id: string; readonly file?: string | undefined },
    { bytes, signal }: { readonly bytes: AsyncIterable<Uint8Array>; readonly signal: AbortSignal },
  ): Promise<BranchImport> {
    checkId('branch_id', branchId)
    const { metadata, storage, clock, defaults } = this.#context
    const project = await liveProject(metadata.db, projectId)
    await refuseTakenBranch(metadata.db, project, branchId)
    await refuseFullProject(metadata.db, project)
    const origin = { source_branch_uid: null, source_snapshot_id: null }
    const rows = newBranchRows(project, origin, branchId, {}, { now: clock.now(), defaults })
    try {
      const received = await this.#receive(rows.branch.uid, project, { file, bytes, signal })
      return await this.#start(caller, project, rows, received)
    } catch (error) {
      await storage.imports.remove(rows.branch.uid)
      throw error
    }
  }

  async #receive(
    uid: string,
    project: ProjectRow,
    { file, bytes, signal }: { file: string; bytes: AsyncIterable<Uint8Array>; signal: AbortSignal },
  ): Promise<ReceivedBranch & { readonly header: BranchHeader; readonly bytes: number }> {
    const check = ({ pg_version: major }: { readonly pg_version: number }) => {
      const { pg_version: wanted, project_id } = project
      if (major !== wanted)
        throw new LakeletError('bundle_other_major', { file, major, wanted, project: project_id })
    }
    let unpacked: Awaited<ReturnType<typeof unpackBranch>> | undefined
    try {
      const received = await this.#context.storage.imports.receive(uid, PART, async (to) => {
        unpacked = await unpackBranch(bytes, { file, to, check, signal })
      })
      if (!unpacked) throw new Error('nothing was unpacked')
      check({ pg_version: received.major })
      parseCatalog(catalogIn(received.manifest.record))
      return { ...received, ...unpacked }
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof LakeletError) throw error
      const reason = error instanceof Error ? error.message : String(error)
      throw new LakeletError('bundle_damaged', { file, reason }, { cause: error })
    }
  }

  async #start(
    caller: Caller,
    project: ProjectRow,
    { branch, endpoint }: ReturnType<typeof newBranchRows>,
    { header, manifest, bytes }: ReceivedBranch & { readonly header: BranchHeader; readonly bytes: number },
  ): Promise<BranchImport> {
    const { operations, workspaceId } = this.#context
    const catalog = catalogIn(manifest.record)
    const isOurs = header.workspace_id === workspaceId
    const { lsn, time, pg_version } = header
    const row = await operations.start(this.#kinds.import, {
      resource: branchName(project.project_id, branch.branch_id),
      objectUid: project.uid,
      callerId: caller.id,
      input: {
        projectUid: project.uid,
        branchUid: branch.uid,
        endpointUid: endpoint.uid,
        catalog,
        source: { lsn, time },
        isOurs,
      },
      locks: [{ scope: lockOf.branch(project.uid, branch.uid), mode: 'exclusive' }],
      store: async (queries) => {
        await refuseFullProject(queries, project)
        await refuseTakenBranch(queries, project, branch.branch_id)
        await insertBranch(queries, { ...branch, imported_from: header.branch })
        await insertEndpoint(queries, endpoint)
      },
    })
    return {
      operation: viewOperation(row),
      source: { branch: header.branch, workspace_id: header.workspace_id, lsn, time, pg_version },
      bytes,
      roles_without_identity: isOurs ? [] : this.#withoutIdentity(catalog),
    }
  }

  #withoutIdentity(catalog: string): BranchImport['roles_without_identity'] {
    const roles = JSON.parse(parseCatalog(catalog).known?.roles ?? '[]') as Role[]
    return roles.flatMap(({ name, identity }) =>
      identity && !identityHere(this.#context, { name, identity })
        ? [{ role: name, identity_type: identity.type }]
        : [],
    )
  }
}
