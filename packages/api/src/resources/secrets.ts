// Secret scopes and their secrets (databricks-sdk: `workspace.SecretScope`, `workspace.SecretMetadata`, `workspace.AclItem`).
import { z } from 'zod'

const name = (field: string) =>
  z
    .string()
    .regex(
      /^[A-Za-z0-9_@.-]{1,128}$/,
      `a ${field} has 1 to 128 letters, digits, dashes, underscores, @ and periods`,
    )

export const scopeName = name('scope')
export const secretKey = name('key')
export const secretPermission = z.enum(['READ', 'WRITE', 'MANAGE'])

export const aclItem = z.object({ principal: z.string(), permission: secretPermission })

export const createScopeBody = z.object({
  scope: scopeName,
  /** `users` gives everybody MANAGE; otherwise the creator alone has it. */
  initial_manage_principal: z.string().optional(),
  scope_backend_type: z.string().optional(),
  backend_azure_keyvault: z.looseObject({}).optional(),
})
export type CreateScopeBody = z.output<typeof createScopeBody>

export const putSecretBody = z.object({
  scope: z.string(),
  key: secretKey,
  string_value: z.string().optional(),
  /** Base64. */
  bytes_value: z.string().optional(),
})
export type PutSecretBody = z.output<typeof putSecretBody>
