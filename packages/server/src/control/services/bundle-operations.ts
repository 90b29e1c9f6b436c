// What a version of a bundle's deployment did to each resource, and the resources as they are after it.
import type { BundleOperation, BundleOperationInput, BundleResource } from '@lakelet/api'
import type { Caller } from '../../base/caller.ts'
import type { Clock } from '../../base/clock.ts'
import { LakeletError } from '../../base/errors.ts'
import {
  type BundleRecordRow,
  deleteBundleRecord,
  listBundleRecords,
  putBundleRecord,
  RESOURCES,
} from '../../metadata/bundle-deployments.ts'
import type { Metadata, Queries } from '../../metadata/database.ts'
import { type PageQuery, pageOfRows } from '../rules/pages.ts'
import { notFound } from '../rules/resolve.ts'
import { newOperation, resourceAfter } from '../views/bundle-operation.ts'
import type { BundleDeploymentsService, OpenVersion } from './bundle-deployments.ts'

const UPDATABLE = ['state', 'error_message', 'resource_id', 'status', 'dashboard_metadata'] as const

export class BundleOperationsService {
  readonly #metadata: Metadata
  readonly #clock: Clock
  readonly #deployments: BundleDeploymentsService

  constructor(metadata: Metadata, clock: Clock, deployments: BundleDeploymentsService) {
    this.#metadata = metadata
    this.#clock = clock
    this.#deployments = deployments
  }

  /** LakeletError `bundle_exists` for a second operation on one resource. */
  async create(caller: Caller, id: string, version: string, key: string, input: BundleOperationInput) {
    const found = await this.#open(caller, id, version)
    const operation = newOperation(found.view.name, key, input, this.#now())
    await this.#metadata.transaction(async (queries) => {
      if (await this.#operation(queries, found, key)) {
        throw new LakeletError('bundle_exists', { name: operation.name })
      }
      await this.#put(queries, found, operation)
      if (input.state !== undefined || input.resource_id !== undefined) {
        await this.#mirror(queries, found, operation, input.state)
      }
    })
    return operation
  }

  async list(caller: Caller, id: string, version: string, query: PageQuery) {
    const found = await this.#deployments.version(caller, id, version)
    const rows = await listBundleRecords(this.#metadata.db, id, found.number)
    const { items, next } = pageOfRows(found.view.name, rows, query, (row) => row.resource_key)
    const operations = items.map((row) => JSON.parse(row.body) as BundleOperation)
    return { ...(operations.length === 0 ? {} : { operations }), ...next }
  }

  async get(caller: Caller, id: string, version: string, key: string): Promise<BundleOperation> {
    const found = await this.#deployments.version(caller, id, version)
    const operation = await this.#operation(this.#metadata.db, found, key)
    if (!operation) throw notFound('operation')
    return operation
  }

  /** LakeletError `bundle_aborted` when somebody changed the operation since `sequence_id`. */
  async update(
    caller: Caller,
    id: string,
    version: string,
    key: string,
    mask: string | undefined,
    input: BundleOperationInput,
  ): Promise<BundleOperation> {
    const fields = fieldsOf(mask)
    const found = await this.#open(caller, id, version)
    return this.#metadata.transaction(async (queries) => {
      const before = await this.#operation(queries, found, key)
      if (!before) throw notFound('operation')
      const after = this.#changed(before, fields, input)
      await this.#put(queries, found, after)
      if (fields.includes('state') && (input.state ?? '') === '') await this.#forget(queries, found, key)
      else if (fields.some((field) => field !== 'status' && field !== 'error_message')) {
        await this.#mirror(queries, found, after, fields.includes('state') ? input.state : undefined)
      }
      return after
    })
  }

  async listResources(caller: Caller, id: string, query: PageQuery) {
    await this.#deployments.find(caller, id)
    const rows = await listBundleRecords(this.#metadata.db, id, RESOURCES)
    const { items, next } = pageOfRows(`resources of ${id}`, rows, query, (row) => row.resource_key)
    const resources = items.map((row) => JSON.parse(row.body) as BundleResource)
    return { ...(resources.length === 0 ? {} : { resources }), ...next }
  }

  async getResource(caller: Caller, id: string, key: string): Promise<BundleResource> {
    await this.#deployments.find(caller, id)
    const row = await this.#record(this.#metadata.db, id, RESOURCES, key)
    if (!row) throw notFound('resource')
    return JSON.parse(row.body) as BundleResource
  }

  #changed(before: BundleOperation, fields: readonly string[], input: BundleOperationInput): BundleOperation {
    if (input.sequence_id !== undefined && input.sequence_id !== before.sequence_id) {
      const reason = `the operation is at sequence_id ${before.sequence_id}, not ${input.sequence_id}: somebody changed it in between`
      throw new LakeletError('bundle_aborted', { reason })
    }
    const changes = Object.fromEntries(
      UPDATABLE.filter((field) => field !== 'state' && fields.includes(field)).map((field) => [
        field,
        input[field],
      ]),
    )
    return { ...before, ...changes, sequence_id: before.sequence_id + 1, update_time: this.#now() }
  }

  async #open(caller: Caller, id: string, version: string): Promise<OpenVersion> {
    const found = await this.#deployments.version(caller, id, version)
    this.#deployments.requireOpen(found)
    return found
  }

  /** Writes what the operation says onto the resource; without a new state the one before stays. */
  async #mirror(
    queries: Queries,
    { deployment, number }: OpenVersion,
    operation: BundleOperation,
    state: string | undefined,
  ): Promise<void> {
    const row = await this.#record(queries, deployment.id, RESOURCES, operation.resource_key)
    const before = row === undefined ? undefined : (JSON.parse(row.body) as BundleResource)
    const resource = resourceAfter(deployment.id, String(number), operation, state ?? before?.state)
    const place = {
      deployment_id: deployment.id,
      version_id: RESOURCES,
      resource_key: operation.resource_key,
    }
    await putBundleRecord(queries, { ...place, body: JSON.stringify(resource) })
  }

  async #forget(queries: Queries, { deployment }: OpenVersion, key: string): Promise<void> {
    const place = { deployment_id: deployment.id, version_id: RESOURCES, resource_key: key }
    await deleteBundleRecord(queries, place)
  }

  async #put(
    queries: Queries,
    { deployment, number }: OpenVersion,
    operation: BundleOperation,
  ): Promise<void> {
    const place = { deployment_id: deployment.id, version_id: number, resource_key: operation.resource_key }
    await putBundleRecord(queries, { ...place, body: JSON.stringify(operation) })
  }

  async #operation(queries: Queries, version: OpenVersion, key: string) {
    const row = await this.#record(queries, version.deployment.id, version.number, key)
    return row && (JSON.parse(row.body) as BundleOperation)
  }

  async #record(
    queries: Queries,
    id: string,
    version: number,
    key: string,
  ): Promise<BundleRecordRow | undefined> {
    return (await listBundleRecords(queries, id, version)).find((row) => row.resource_key === key)
  }

  #now(): string {
    return this.#clock.now().toISOString()
  }
}

function fieldsOf(mask: string | undefined): string[] {
  const fields = (mask ?? '').split(',').filter((field) => field !== '')
  const unknown = fields.find((field) => !UPDATABLE.some((each) => each === field))
  if (fields.length > 0 && unknown === undefined) return fields
  const reason = `update_mask must name fields of ${UPDATABLE.join(', ')}, got '${mask ?? ''}'.`
  throw new LakeletError('invalid_parameter', { reason })
}
