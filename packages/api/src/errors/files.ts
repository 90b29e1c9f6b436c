import type { ErrorEntry } from './entry.ts'

export const filesErrors = {} as const satisfies Record<string, ErrorEntry>
