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
    sqlState: '55000',
    hint: 'Try again in a minute.',
    message:
      'WRONG_LSN_OR_TIMESTAMP: {moment} cannot be reached: the history of the source branch has not begun yet. Try again in a minute, or branch from now.',
  },
  history_not_reached: {
    kind: 'invalid',
    status: 400,
    errorCode: 'INVALID_PARAMETER_VALUE',
    sqlState: '22023',
    detail: 'The history goes from {from} to {to}.',
    hint: 'Name a moment in between; lakelet branch history shows them.',
    message:
      'WRONG_LSN_OR_TIMESTAMP: {moment} is outside of the history of the source branch, which goes from {from} to {to}. Name a moment in between.',
  },
  moment_time_invalid: {
    kind: 'invalid',
    status: 400,
    errorCode: 'INVALID_PARAMETER_VALUE',
    sqlState: '22007',
    hint: 'Write timestamp=2026-01-31T12:00:00Z: RFC 3339 with a zone, up to microseconds.',
    message: "'{text}' is not a moment: write RFC 3339 with a zone, such as 2026-01-31T12:00:00.5+09:00.",
  },
  moment_lsn_invalid: {
    kind: 'invalid',
    status: 400,
    errorCode: 'INVALID_PARAMETER_VALUE',
    sqlState: '22P02',
    hint: 'Write lsn=0/1A2B3C, as pg_current_wal_lsn() prints it.',
    message: "'{text}' is not a position in the log: write one such as 0/1A2B3C.",
  },
  past_moments_limit: {
    kind: 'limited',
    status: 429,
    errorCode: 'RESOURCE_EXHAUSTED',
    sqlState: '53300',
    hint: 'Close what reads them, ask for one of those that are open, or raise timeTravel.maxMoments.',
    message:
      '{limit} moments of the past are being read already, and no more may be open at once. Close what reads them, or raise timeTravel.maxMoments in lakelet.toml.',
    retryable: true,
  },
  time_travel_off: {
    kind: 'invalid',
    status: 400,
    errorCode: 'FEATURE_DISABLED',
    sqlState: '0A000',
    hint: 'Set timeTravel.maxMoments in lakelet.toml, or branch from the moment.',
    message: 'Reading the past is switched off in this workspace (timeTravel.maxMoments is 0).',
  },
  role_not_then: {
    kind: 'forbidden',
    status: 403,
    errorCode: 'PERMISSION_DENIED',
    sqlState: '28000',
    detail: 'Who may log in is decided by the roles of today, and by what they were granted then.',
    hint: 'Log in as a role that existed then.',
    message: 'role "{role}" did not exist at {moment}',
  },
} as const satisfies Record<string, ErrorEntry>
