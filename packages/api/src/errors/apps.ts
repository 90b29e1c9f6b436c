import type { ErrorEntry } from './entry.ts'

export const appsErrors = {} as const satisfies Record<string, ErrorEntry>
