import { databaseCredential, generateDatabaseCredentialBody } from '../resources/identity-credentials.ts'
import { defineRoute } from '../route.ts'

export const credentialRoutes = {
  generate: defineRoute({
    id: 'credentials.generate',
    method: 'POST',
    path: '/api/2.0/postgres/credentials',
    summary: 'Signs a short-lived token that serves as the Postgres password of the caller',
    body: generateDatabaseCredentialBody,
    reply: databaseCredential,
    errors: [
      'field_required',
      'invalid_parameter',
      'resource_not_found',
      'not_group_member',
      'credential_claims',
      'not_implemented',
    ],
    permission: {
      kind: 'service',
      rule: 'CAN_USE on the project, or a Postgres role in the branch; what the identity may do is up to its roles',
    },
  }),
} as const
