// The thread in which two schemas are compared. It connects by itself, says one thing and ends.
import { parentPort, workerData } from 'node:worker_threads'
import { type ErrorData, errorData, isLakeletError } from '../base/errors.ts'
import { type AdminAddress, connectAdmin } from './admin.ts'
import { diffSchemas, type SchemaDiff } from './schema-diff.ts'

export interface ComparedAddresses {
  readonly from: AdminAddress
  readonly to: AdminAddress
}

export type ComparisonAnswer =
  | { readonly diff: SchemaDiff }
  | { readonly known: ErrorData }
  | { readonly text: string }

async function compare({ from, to }: ComparedAddresses): Promise<ComparisonAnswer> {
  try {
    await using left = await connectAdmin(from.target, from.options)
    await using right = await connectAdmin(to.target, to.options)
    return { diff: await diffSchemas(left, right) }
  } catch (error) {
    if (isLakeletError(error)) return { known: errorData(error) }
    return { text: error instanceof Error ? error.message : String(error) }
  }
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
parentPort?.postMessage(await compare(workerData as ComparedAddresses))
