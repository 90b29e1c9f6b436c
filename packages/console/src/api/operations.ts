// Operations: what every change of a Postgres resource answers. They are followed until they are done.
import type { Operation } from '@lakelet/api'
import { ApiError } from './call.ts'
import { inOurLanguage } from './known-error.ts'
import { refresh } from './queries.ts'

const POLL_MS = 250

/** Waits for the end of an operation, and tells what it says meanwhile of how far it is; throws ApiError when it failed. */
export async function finished(
  started: Operation,
  onProgress?: (message: string) => void,
): Promise<Operation> {
  let operation = started
  while (!operation.done) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    operation = await poll(operation.name)
    onProgress?.(operation.metadata.progress_message ?? '')
  }
  await refresh('')
  if (operation.error) {
    const { error_code, message, lakelet_error } = operation.error
    const said = await inOurLanguage(lakelet_error)
    throw new ApiError(400, error_code, said ?? message, `GET /api/2.0/postgres/${operation.name}`)
  }
  return operation
}

async function poll(name: string): Promise<Operation> {
  const url = `/api/2.0/postgres/${name}`
  const reply = await fetch(url).catch(() => undefined)
  // The operation goes on while the server is away; the next poll asks again.
  if (!reply || reply.status === 503) return { name, done: false, metadata: { '@type': '' } }
  if (!reply.ok) throw new ApiError(reply.status, reply.statusText, await reply.text(), `GET ${url}`)
  return (await reply.json()) as Operation
}
