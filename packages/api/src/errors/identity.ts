import type { ErrorEntry } from './entry.ts'

/** Errors about who calls and what they may do. */
export const identityErrors = {
  unauthenticated: {
    kind: 'unauthenticated',
    status: 401,
    errorCode: 'UNAUTHENTICATED',
    message: 'Credential was not sent or was of an unsupported type for this API.',
  },
  permission_denied: {
    kind: 'forbidden',
    status: 403,
    errorCode: 'PERMISSION_DENIED',
    message: 'You have no permission for this: {action}.',
  },
  object_not_found: {
    kind: 'not_found',
    status: 404,
    errorCode: 'NOT_FOUND',
    message: '{type} id not found',
  },
} as const satisfies Record<string, ErrorEntry>
