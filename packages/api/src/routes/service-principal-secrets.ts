import { z } from 'zod'
import { durationText, servicePrincipalSecret } from '../resources/identity-tokens.ts'
import { defineRoute } from '../route.ts'

const base = '/api/2.0/accounts/servicePrincipals/:service_principal_id/credentials/secrets'
const params = z.object({ service_principal_id: z.string() })

/** OAuth secrets of service principals, named by their numeric ids. */
export const servicePrincipalSecretRoutes = {
  create: defineRoute({
    id: 'servicePrincipalSecrets.create',
    method: 'POST',
    path: base,
    summary: 'Creates a secret of a service principal; its value is shown this once',
    params,
    body: z.object({ lifetime: durationText.optional(), scopes: z.array(z.string()).optional() }),
    reply: servicePrincipalSecret.extend({ secret: z.string() }),
    errors: ['principal_not_found', 'secret_quota'],
    permission: { kind: 'admin' },
  }),
  list: defineRoute({
    id: 'servicePrincipalSecrets.list',
    method: 'GET',
    path: base,
    summary: 'Lists the living secrets of a service principal, without their values',
    params,
    query: z.object({ page_size: z.string().optional(), page_token: z.string().optional() }),
    reply: z.object({ secrets: z.array(servicePrincipalSecret), next_page_token: z.string().optional() }),
    errors: ['principal_not_found'],
    permission: { kind: 'admin' },
  }),
  revoke: defineRoute({
    id: 'servicePrincipalSecrets.revoke',
    method: 'DELETE',
    path: `${base}/:secret_id`,
    summary: 'Revokes a secret of a service principal',
    params: params.extend({ secret_id: z.string() }),
    reply: z.object({}),
    errors: ['principal_not_found', 'secret_not_found'],
    permission: { kind: 'admin' },
  }),
} as const
