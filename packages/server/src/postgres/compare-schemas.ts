// Comparing two schemas in a thread of its own: with ten thousand tables it computes for seconds and takes half a gigabyte, while everybody
// else's queries go through this one.
import { errorFromData, LakeletError } from '../base/errors.ts'
import { KeyedMutex } from '../base/mutex.ts'
import { startThread } from '../base/thread.ts'
import type { AdminConnection } from './admin.ts'
import type { ComparedAddresses, ComparisonAnswer } from './schema-diff-thread.ts'
import type { SchemaDiff } from './schema-diff.ts'

const turns = new KeyedMutex<'comparison'>()

/**
 * Compares the databases that two connections are to, which stay open meanwhile; one comparison after the other. LakeletError
 * `schema_diff_failed`, `compute_unreachable`; what `signal` is aborted with.
 */
export async function compareSchemas(
  from: AdminConnection,
  to: AdminConnection,
  signal?: AbortSignal,
): Promise<SchemaDiff> {
  const addresses = { from: from.address(), to: to.address() }
  return turns.run('comparison', () => compareAside(addresses, signal))
}

async function compareAside(
  addresses: ComparedAddresses,
  signal: AbortSignal | undefined,
): Promise<SchemaDiff> {
  signal?.throwIfAborted()
  const answered = Promise.withResolvers<ComparisonAnswer>()
  const thread = startThread(import.meta.url, './schema-diff-thread', {
    name: 'schema diff',
    workerData: addresses,
  })
  thread.once('message', answered.resolve)
  thread.once('error', answered.reject)
  thread.once('exit', () => answered.reject(new Error('the thread ended without an answer')))
  const giveUp = () => answered.reject(signal?.reason)
  signal?.addEventListener('abort', giveUp, { once: true })
  try {
    return diffOf(await answered.promise.catch((error: unknown) => failure(error, signal)))
  } finally {
    signal?.removeEventListener('abort', giveUp)
    await thread.terminate()
  }
}

function failure(error: unknown, signal: AbortSignal | undefined): never {
  if (signal?.aborted) throw error
  const reason = error instanceof Error ? error.message : String(error)
  throw new LakeletError('schema_diff_failed', { reason }, { cause: error })
}

function diffOf(answer: ComparisonAnswer): SchemaDiff {
  if ('diff' in answer) return answer.diff
  throw 'known' in answer ? errorFromData(answer.known) : new Error(answer.text)
}
