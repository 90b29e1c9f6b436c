import type { ErrorEntry } from './entry.ts'

/** Errors of starting a workspace; they reach a person at a terminal. */
export const startupErrors = {
  data_dir_newer: {
    kind: 'conflict',
    status: 500,
    errorCode: 'INVALID_STATE',
    message:
      'The data directory was written by a newer version of Lakelet (it knows {migrations}). Start that version, or name another directory with --data-dir.',
  },
} as const satisfies Record<string, ErrorEntry>
