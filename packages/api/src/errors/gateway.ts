import type { ErrorEntry } from './entry.ts'

export const gatewayErrors = {} as const satisfies Record<string, ErrorEntry>
