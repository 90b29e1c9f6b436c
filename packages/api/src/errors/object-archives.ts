// What can go wrong with an archive in an object store.
import type { ErrorEntry } from './entry.ts'

export const objectArchiveErrors = {
  object_archive_off: {
    kind: 'conflict',
    status: 409,
    errorCode: 'INVALID_STATE',
    message:
      'This workspace has no archive in an object store. Set archive.url and archive.passphraseFile in lakelet.toml, and start it again.',
  },
  object_archive_failed: {
    kind: 'unavailable',
    status: 503,
    errorCode: 'TEMPORARILY_UNAVAILABLE',
    message: 'The archive at {url} cannot be used: {reason}.',
  },
  object_archive_passphrase: {
    kind: 'invalid',
    status: 400,
    errorCode: 'INVALID_PARAMETER_VALUE',
    message:
      'The passphrase does not open the archive at {url}: {reason}. Give the one that it was made with, in archive.passphrase, archive.passphraseFile or LAKELET_ARCHIVE_PASSPHRASE.',
  },
  object_archive_foreign: {
    kind: 'conflict',
    status: 409,
    errorCode: 'INVALID_STATE',
    message: '{url} is not the archive that is needed here: {reason}. Nothing was changed.',
  },
  object_archive_damaged: {
    kind: 'invalid',
    status: 400,
    errorCode: 'INVALID_PARAMETER_VALUE',
    message: '{object} of the archive at {url} is damaged: {reason}.',
  },
  object_archive_not_reached: {
    kind: 'invalid',
    status: 400,
    errorCode: 'INVALID_PARAMETER_VALUE',
    message: 'The archive at {url} does not lead to {moment}: {reason}.',
  },
} as const satisfies Record<string, ErrorEntry>
