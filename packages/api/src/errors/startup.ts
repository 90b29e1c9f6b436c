import type { ErrorEntry } from './entry.ts'

export const startupErrors = {} as const satisfies Record<string, ErrorEntry>
