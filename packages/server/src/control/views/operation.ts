import type { Operation } from '@lakelet/api'
import type { OperationRow } from '../../metadata/operations.ts'

/** An operation whose response, once it is done, is a `T`. */
export type OperationView<T> = Omit<Operation, 'response'> & { readonly response?: T }

/** An operation as the API shows it. */
export function viewOperation<T = Record<string, unknown>>(row: OperationRow): OperationView<T> {
  return {
    name: `${row.resource}/operations/${row.id}`,
    done: row.state === 'succeeded' || row.state === 'failed',
    metadata: {
      '@type': `type.googleapis.com/databricks.postgres.v1.${row.metadata_type}OperationMetadata`,
      ...(row.state === 'running' ? messageOf(row) : {}),
    },
    // The kind of the operation wrote the response; its service names the type.
    ...(row.state === 'succeeded' && row.response !== null
      ? { response: JSON.parse(row.response) as T }
      : {}),
    ...(row.state === 'failed' && row.error !== null
      ? { error: JSON.parse(row.error) as NonNullable<Operation['error']> }
      : {}),
  }
}

/** What a step that takes its time says of how far it is. */
function messageOf(row: OperationRow): { progress_message?: string } {
  const { message } = JSON.parse(row.progress) as { message?: unknown }
  return typeof message === 'string' ? { progress_message: message } : {}
}

/** What a delete answers in place of a resource. */
export const EMPTY = { '@type': 'type.googleapis.com/google.protobuf.Empty' } as const

export type Empty = typeof EMPTY
