import type { Client } from './client.ts'
import type { Operation } from './resources/operation.ts'
import type { RouteCall } from './route.ts'
import { operationRoutes } from './routes/operations.ts'
import { POSTGRES } from './routes/postgres.ts'

/** Polls the operation of this name once; undefined where no operation is named so. Rejects as `Client.call`. */
export async function readOperation(
  client: Client,
  name: string,
  signal?: AbortSignal,
): Promise<Operation | undefined> {
  const segments = name.split('/')
  for (const route of Object.values(operationRoutes)) {
    const template = route.path.slice(POSTGRES.length + 1).split('/')
    const fits =
      segments.length === template.length &&
      template.every((part, at) => (part.startsWith(':') ? segments[at] !== '' : part === segments[at]))
    if (!fits) continue
    const params = Object.fromEntries(
      template.flatMap((part, at) => (part.startsWith(':') ? [[part.slice(1), segments[at] ?? '']] : [])),
    )
    // Every parameter of this route is filled.
    return client.call(route, { params } as RouteCall<typeof route>, signal)
  }
  return undefined
}
