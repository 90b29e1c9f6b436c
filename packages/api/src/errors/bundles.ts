import type { ErrorEntry } from './entry.ts'

/** Errors about backups of a workspace and exported branches: files that people carry about. */
export const bundleErrors = {
  bundle_target: {
    kind: 'invalid',
    status: 400,
    errorCode: 'INVALID_PARAMETER_VALUE',
    message: 'Nothing is written to {file}: {reason}. Name another place.',
  },
  bundle_disk_full: {
    kind: 'conflict',
    status: 507,
    errorCode: 'RESOURCE_EXHAUSTED',
    message:
      'The disk of {file} is full. Nothing is left there. Free some space, or name a place on another disk.',
  },
  bundle_foreign: {
    kind: 'invalid',
    status: 400,
    errorCode: 'INVALID_PARAMETER_VALUE',
    message: '{file} is not what is needed here: {reason}. Nothing was changed.',
  },
  bundle_damaged: {
    kind: 'invalid',
    status: 400,
    errorCode: 'INVALID_PARAMETER_VALUE',
    message: '{file} is damaged: {reason}. Nothing was changed. Take another copy of it.',
  },
  bundle_newer: {
    kind: 'conflict',
    status: 409,
    errorCode: 'INVALID_STATE',
    message:
      '{file} was written by Lakelet {version}, whose files this version cannot read. Use that version or a later one.',
  },
  bundle_other_major: {
    kind: 'conflict',
    status: 409,
    errorCode: 'INVALID_STATE',
    message:
      '{file} holds a branch of Postgres {major}, and project {project} is of Postgres {wanted}. Import it into a project of Postgres {major}, or carry the data over with pg_dump. Nothing was changed.',
  },
  restore_target_taken: {
    kind: 'conflict',
    status: 409,
    errorCode: 'INVALID_STATE',
    message:
      '{directory} is not empty. A backup is only restored into a new or an empty directory; name another one with --data-dir.',
  },
} as const satisfies Record<string, ErrorEntry>
