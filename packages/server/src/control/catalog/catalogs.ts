// The roles and databases of a branch, from what is known of them or from its compute. Reading never wakes: a compute that is
// awake is looked at in passing, one that sleeps is spoken for by what its catalogue last said.
import { branchActions, endpointActions, requireAction } from '@lakelet/api'
import type { Queries } from '../../metadata/database.ts'
import type { Logger } from '../../base/log.ts'
import type { ComputesPort } from '../ports.ts'
import { branchSubjectOf } from '../rules/branch.ts'
import { endpointSubjectOf } from '../rules/endpoint.ts'
import { type BranchRows, primaryEndpoint } from '../rules/resolve.ts'
import { type CatalogStore, findKnownCatalog, type KnownCatalog, observeCatalog } from './known-catalog.ts'
import { onCatalog } from './work.ts'

/** A compute that does not answer for that long is spoken for by what is known. */
const PEEK_MS = 2000

/** The roles and databases of a branch, and the endpoint through which they can be changed. */
export interface OpenedCatalog extends KnownCatalog {
  readonly rows: BranchRows
  readonly endpointUid: string
}

interface CatalogParts extends CatalogStore {
  readonly computes: Pick<ComputesPort, 'peek' | 'withAdmin'>
  readonly log: Logger
}

export class Catalogs {
  readonly #context: CatalogParts

  constructor(context: CatalogParts) {
    this.#context = context
  }

  /**
   * What is known, brought up to date where the compute is awake. Only a branch of which nothing was ever known (it comes from
   * a version that kept nothing) has its compute woken. LakeletError `branch_not_ready`.
   */
  async known(rows: BranchRows, signal?: AbortSignal): Promise<KnownCatalog> {
    const { db } = this.#context.metadata
    requireAction(branchActions, 'read_catalog', await branchSubjectOf(db, rows))
    const endpoint = await primaryEndpoint(db, rows.branch.uid)
    return (await this.remembered(rows.branch.uid, endpoint.uid)) ?? this.current(rows, signal)
  }

  /** The same for a branch and its endpoint by their uids; undefined where nothing was ever known. */
  async remembered(branchUid: string, endpointUid: string): Promise<KnownCatalog | undefined> {
    const seen = await this.#peek(endpointUid, branchUid)
    return seen ?? findKnownCatalog(this.#context.metadata.db, branchUid)
  }

  /** What the compute says, which is woken for it. LakeletError `branch_not_ready` or `endpoint_is_disabled`. */
  async current(rows: BranchRows, signal?: AbortSignal): Promise<OpenedCatalog> {
    const endpointUid = await catalogEndpoint(this.#context.metadata.db, rows)
    const work = (admin: Parameters<typeof observeCatalog>[2]) =>
      observeCatalog(this.#context, rows.branch.uid, admin)
    return { ...(await onCatalog(this.#context, endpointUid, work, signal)), rows, endpointUid }
  }

  async #peek(endpointUid: string, branchUid: string): Promise<KnownCatalog | undefined> {
    const { computes, clock, log } = this.#context
    const done = new AbortController()
    const look = computes.peek(endpointUid, (admin) => observeCatalog(this.#context, branchUid, admin))
    const late = clock.sleep(PEEK_MS, done.signal).catch(() => undefined)
    try {
      return await Promise.race([look, late.then(() => undefined)])
    } catch (error) {
      log.warn({ err: error, endpoint: endpointUid }, 'the catalogue of an awake compute could not be read')
      return undefined
    } finally {
      // Whoever loses the race must not be an unhandled rejection.
      look.catch(() => undefined)
      done.abort(new Error('the look is over'))
    }
  }
}

/** Uid of the endpoint through which a branch's catalogue is changed. LakeletError `branch_not_ready` or `endpoint_is_disabled`. */
export async function catalogEndpoint(queries: Queries, rows: BranchRows): Promise<string> {
  requireAction(branchActions, 'read_catalog', await branchSubjectOf(queries, rows))
  const endpoint = await primaryEndpoint(queries, rows.branch.uid)
  requireAction(endpointActions, 'change_catalog', endpointSubjectOf({ ...rows, endpoint }))
  return endpoint.uid
}
