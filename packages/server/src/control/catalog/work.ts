// Work in the catalogue of a branch: done once, over restarts of its compute and of the workspace, with errors that a person can
// read.
import type { Clock } from '../../base/clock.ts'
import type { OperationRun } from '../../operations/operation-kind.ts'
import { type AdminConnection, isConnectionLost, sqlStateOf } from '../../postgres/index.ts'
import type { ComputesPort } from '../ports.ts'
import { catalogError, isPassing } from './sql-errors.ts'

/** How long work is tried again while its compute restarts or others hold what it needs. */
const RETRY_FOR_MS = 20_000
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 1000

/**
 * Wakes the compute and runs `work`, again and again while its compute goes away under it, so `work` must be fit to be repeated.
 * Throws LakeletErrors for what Postgres refuses.
 */
export async function onCatalog<T>(
  { computes, clock }: { readonly computes: Pick<ComputesPort, 'withAdmin'>; readonly clock: Clock },
  endpointUid: string,
  work: (admin: AdminConnection) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const until = clock.monotonicMs() + RETRY_FOR_MS
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    try {
      return await computes.withAdmin(endpointUid, work, signal ? { signal } : {})
    } catch (error) {
      signal?.throwIfAborted()
      const mayPass = isConnectionLost(error) || isPassing(error)
      if (!mayPass || clock.monotonicMs() + pauseMs > until) throw catalogError(error)
    }
    await clock.sleep(pauseMs, signal)
  }
}

/**
 * Does `change` in a transaction under `lock`, once over all tries of the operation's step: the transaction's id is noted before
 * it commits, and Postgres knows whether it did. What `change` returns is noted too, and is in the progress afterwards.
 */
export async function once(
  run: Pick<OperationRun<object>, 'progress' | 'note'>,
  admin: AdminConnection,
  lock: (admin: AdminConnection, work: () => Promise<void>) => Promise<void>,
  change: () => Promise<Readonly<Record<string, unknown>>>,
): Promise<void> {
  const { transaction } = run.progress
  if (typeof transaction === 'string' && (await isCommitted(admin, transaction))) return
  await lock(admin, async () => {
    const result = await change()
    const [row] = await admin.query<{ id: string }>('SELECT pg_current_xact_id()::text AS id')
    await run.note({ ...result, transaction: row?.id })
  })
}

async function isCommitted(admin: AdminConnection, transaction: string): Promise<boolean> {
  try {
    // Null for one that is older than anything this server remembers.
    const [row] = await admin.query<{ status: string | null }>('SELECT pg_xact_status($1::xid8) AS status', [
      transaction,
    ])
    return row?.status === 'committed'
  } catch (error) {
    // 22023: it never was, as after a restart that lost what was not committed.
    if (sqlStateOf(error) === '22023') return false
    throw error
  }
}
