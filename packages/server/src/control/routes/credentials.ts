import { credentialRoutes } from '@lakelet/api'
import type { DatabaseCredentials } from '../../identity/database-credentials.ts'
import { type ImplementedRoute, implementRoutes } from '../http/implementation.ts'
import { type CredentialEndpoints, generateCredential } from '../services/credentials.ts'

/** Handler of `POST /api/2.0/postgres/credentials`. */
export function implementCredentials(parts: {
  readonly credentials: DatabaseCredentials
  readonly endpoints: CredentialEndpoints
}): ImplementedRoute[] {
  return implementRoutes(credentialRoutes, {
    generate: ({ caller, body }) => generateCredential(caller, body, parts),
  })
}
