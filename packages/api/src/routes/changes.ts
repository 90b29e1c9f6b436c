import { defineRoute } from '../route.ts'

export const changesRoutes = {
  watchChanges: defineRoute({
    id: 'lakelet.watchChanges',
    method: 'GET',
    path: '/api/2.0/lakelet/changes',
    summary:
      'Server-sent events with the names of the topics that changed: `reset` at the start, then `changed`; data is a ChangeEvent',
    reply: 'stream',
    contentType: 'text/event-stream',
    errors: [],
    permission: { kind: 'authenticated' },
  }),
} as const
