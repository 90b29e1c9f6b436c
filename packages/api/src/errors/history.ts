import type { ErrorEntry } from './entry.ts'

/** Errors about the past of branches. The real service gives the reason WRONG_LSN_OR_TIMESTAMP for a moment that cannot be reached. */
export const historyErrors = {
  archive_conflict: {
    kind: 'internal',
    status: 500,
    errorCode: 'INTERNAL_ERROR',
    message:
      'The archive of the branch has another content under the name {name}, and it is never overwritten: two servers must have written to one data directory. Make a new branch from this one, which begins an archive of its own.',
  },
  history_not_begun: {
    kind: 'invalid',
    status: 400,
    errorCode: 'INVALID_PARAMETER_VALUE',
    message:
      'WRONG_LSN_OR_TIMESTAMP: {moment} cannot be reached: the history of the source branch has not begun yet. Try again in a minute, or branch from now.',
  },
  history_not_reached: {
    kind: 'invalid',
    status: 400,
    errorCode: 'INVALID_PARAMETER_VALUE',
    message:
      'WRONG_LSN_OR_TIMESTAMP: {moment} is outside of the history of the source branch, which goes from {from} to {to}. Name a moment in between.',
  },
} as const satisfies Record<string, ErrorEntry>
