import type { ErrorEntry } from './entry.ts'

export const postgresErrors = {} as const satisfies Record<string, ErrorEntry>
