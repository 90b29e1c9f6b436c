// Data APIs: who may change them, and which database a URL means.
import { type DataApi, type DataApiSpec, databaseName, dataApiUpdate, parseUpdateMask } from '@lakelet/api'
import type { Caller } from '../../base/caller.ts'
import { LakeletError } from '../../base/errors.ts'
import { type DataApiRow, findDataApi } from '../../metadata/data-apis.ts'
import { listLiveEndpoints } from '../../metadata/endpoints.ts'
import { findKnownCatalog } from '../catalog/known-catalog.ts'
import type { ControlContext } from '../context.ts'
import type { DataApiOperations, DataApiUrl } from '../operations/data-apis.ts'
import { ReadCache } from '../read-cache.ts'
import { liveBranch, notFound, primaryEndpoint } from '../rules/resolve.ts'
import { effectiveDataApi, viewDataApi } from '../views/data-api.ts'
import { type Empty, type OperationView, viewOperation } from '../views/operation.ts'
import { catalogRequest, findKnown } from './catalog-objects.ts'
import type { DatabasePath } from './databases.ts'

/** A Data API that is on, as who serves it needs to know it. */
export interface EnabledDataApi {
  readonly database: string
  readonly spec: ReturnType<typeof effectiveDataApi>
  /** Another one after each change. */
  readonly version: string
}

export class DataApis {
  readonly #context: ControlContext
  readonly #kinds: DataApiOperations
  readonly #url: DataApiUrl
  readonly #cache: ReadCache

  constructor(context: ControlContext, kinds: DataApiOperations, url: DataApiUrl) {
    this.#context = context
    this.#kinds = kinds
    this.#url = url
    this.#cache = new ReadCache(context.metadata, ['projects', 'branches', 'endpoints', 'databases'])
  }

  async create(
    caller: Caller,
    path: DatabasePath,
    spec: DataApiSpec,
    signal: AbortSignal,
  ): Promise<OperationView<DataApi>> {
    if (Object.keys(spec).length === 0) throw new LakeletError('field_required', { field: 'data_api.spec' })
    const opened = await this.#open(path, signal)
    if (opened.row) throw new LakeletError('already_exists', { type: 'data api', id: path.database })
    return viewOperation(
      await this.#context.operations.start(this.#kinds.create, opened.request(caller, { spec })),
    )
  }

  async get(path: DatabasePath, signal: AbortSignal): Promise<DataApi> {
    const { db } = this.#context.metadata
    const rows = await liveBranch(db, path)
    const { databases } = await this.#context.catalogs.known(rows, signal)
    const database = findKnown('database', databases, path.database)
    const row = await findDataApi(db, rows.branch.uid, database.object.oid)
    if (!row) throw notFound('data api')
    const endpoint = await primaryEndpoint(db, rows.branch.uid)
    return viewDataApi(rows, database, row, this.#url(endpoint.uid, database.object.name))
  }

  async update(
    caller: Caller,
    path: DatabasePath,
    mask: string | undefined,
    spec: DataApiSpec,
    signal: AbortSignal,
  ): Promise<OperationView<DataApi>> {
    const changed = parseUpdateMask(mask, { spec }, dataApiUpdate)
    const opened = await this.#open(path, signal)
    if (!opened.row) throw notFound('data api')
    const before = JSON.parse(opened.row.spec) as DataApiSpec
    const fields = [...changed].map((field) => field.replace(/^spec\./, '') as keyof DataApiSpec)
    const after = { ...before, ...Object.fromEntries(fields.map((field) => [field, spec[field]])) }
    return viewOperation(
      await this.#context.operations.start(this.#kinds.update, opened.request(caller, { spec: after })),
    )
  }

  async delete(caller: Caller, path: DatabasePath, signal: AbortSignal): Promise<OperationView<Empty>> {
    const opened = await this.#open(path, signal)
    if (!opened.row) throw notFound('data api')
    return viewOperation(await this.#context.operations.start(this.#kinds.delete, opened.request(caller, {})))
  }

  /** What is served at an endpoint under the name of a database; undefined where its Data API is off. Wakes nothing. */
  async find(endpointUid: string, database: string): Promise<EnabledDataApi | undefined> {
    return this.#cache.read(`data api ${endpointUid} ${database}`, async (queries) => {
      const [endpoint] = await listLiveEndpoints(queries, endpointUid)
      if (!endpoint) return undefined
      const known = await findKnownCatalog(queries, endpoint.branchUid)
      const object = known?.databases.find((each) => each.object.name === database)?.object
      const row = object && (await findDataApi(queries, endpoint.branchUid, object.oid))
      if (!row) return undefined
      return {
        database,
        spec: effectiveDataApi(JSON.parse(row.spec) as DataApiSpec),
        version: row.update_time,
      }
    })
  }

  async #open(path: DatabasePath, signal: AbortSignal) {
    const { db } = this.#context.metadata
    const opened = await this.#context.catalogs.current(await liveBranch(db, path), signal)
    const { object, id } = findKnown('database', opened.databases, path.database)
    const { project, branch } = opened.rows
    const row: DataApiRow | undefined = await findDataApi(db, branch.uid, object.oid)
    const resource = databaseName(project.project_id, branch.branch_id, id.id)
    return {
      row,
      request: <E extends object>(caller: Caller, input: E) =>
        catalogRequest(caller, opened, { id: id.id, resource }, { oid: object.oid, ...input }),
    }
  }
}
