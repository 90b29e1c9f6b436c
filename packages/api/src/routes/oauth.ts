import { z } from 'zod'
import { defineRoute } from '../route.ts'

/** What clients ask before they have a token, and about the one they have. The OAuth server itself lives under `/oidc`. */
export const oauthRoutes = {
  hostMetadata: defineRoute({
    id: 'oauth.hostMetadata',
    method: 'GET',
    path: '/.well-known/databricks-config',
    summary: 'Tells clients where the OAuth server is and which workspace this is',
    reply: z.object({ oidc_endpoint: z.string(), workspace_id: z.string() }),
    errors: [],
    permission: { kind: 'public' },
  }),
  introspectToken: defineRoute({
    id: 'oauth.introspectToken',
    method: 'GET',
    path: '/api/2.0/tokens/introspect',
    summary: "Tells which workspace the caller's token is for",
    reply: z.object({
      principal_context: z.object({ authentication_scope: z.object({ workspace_id: z.number() }) }),
    }),
    errors: [],
    permission: { kind: 'authenticated' },
  }),
} as const
