import { z } from 'zod'
import { createTokenBody, personalTokenInfo, updateTokenBody } from '../resources/identity-tokens.ts'
import { defineRoute } from '../route.ts'

const base = '/api/2.0/token'

/** Personal access tokens of the caller. */
export const tokenRoutes = {
  create: defineRoute({
    id: 'tokens.create',
    method: 'POST',
    path: `${base}/create`,
    summary: 'Creates a personal access token; its value is shown this once',
    body: createTokenBody,
    reply: z.object({ token_value: z.string(), token_info: personalTokenInfo }),
    errors: ['token_quota', 'permission_denied'],
    permission: { kind: 'authenticated' },
  }),
  list: defineRoute({
    id: 'tokens.list',
    method: 'GET',
    path: `${base}/list`,
    summary: "Lists the caller's personal access tokens",
    reply: z.object({ token_infos: z.array(personalTokenInfo) }),
    errors: [],
    permission: { kind: 'authenticated' },
  }),
  revoke: defineRoute({
    id: 'tokens.revoke',
    method: 'POST',
    path: `${base}/delete`,
    summary: "Revokes one of the caller's personal access tokens",
    body: z.object({ token_id: z.string().optional() }),
    reply: z.object({}),
    errors: ['token_not_found', 'field_required'],
    permission: { kind: 'authenticated' },
  }),
  update: defineRoute({
    id: 'tokens.update',
    method: 'PATCH',
    path: `${base}/:token_id`,
    summary: 'Changes the comment or the scopes of a personal access token',
    params: z.object({ token_id: z.string() }),
    body: updateTokenBody,
    reply: z.object({}),
    errors: ['token_not_found', 'permission_denied'],
    permission: { kind: 'authenticated' },
  }),
} as const
