import { z } from 'zod'
import { defineRoute } from '../route.ts'

/** What Lakelet adds for browsers. */
export const signInRoutes = {
  createLink: defineRoute({
    id: 'signIn.createLink',
    method: 'POST',
    path: '/api/2.0/lakelet/sign-in-links',
    summary: 'Makes a link that signs one browser in as the caller, once and within half an hour',
    body: z.object({
      /** Where the browser goes then: a path of the workspace or the address of one of its apps. */
      next: z.string().max(2000).optional(),
    }),
    reply: z.object({ url: z.string() }),
    errors: ['permission_denied'],
    permission: { kind: 'service', rule: 'users only: a browser is a person’s' },
  }),
} as const
