import { changesRoutes } from '@lakelet/api'
import { type ImplementedRoute, implementRoutes } from '../http/implementation.ts'
import { type ChangeStreamOptions, changeStream } from '../services/change-stream.ts'

/** `stopping` ends all streams: an open one would hold up the end of the server. */
export function implementChanges(options: ChangeStreamOptions, stopping: AbortSignal): ImplementedRoute[] {
  return implementRoutes(changesRoutes, {
    watchChanges: ({ http, signal }) => {
      http.reply.header('cache-control', 'no-store')
      const lastEventId = http.request.headers['last-event-id']
      return changeStream(options, lastEventId?.toString(), AbortSignal.any([signal, stopping]))
    },
  })
}
