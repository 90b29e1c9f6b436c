import type { ErrorEntry } from './entry.ts'

/** Errors of the workspace file tree, with the words of the Databricks workspace API. */
export const filesErrors = {
  path_not_found: {
    kind: 'not_found',
    status: 404,
    errorCode: 'RESOURCE_DOES_NOT_EXIST',
    message: "Path ({path}) doesn't exist.",
  },
  path_exists: {
    kind: 'conflict',
    status: 400,
    errorCode: 'RESOURCE_ALREADY_EXISTS',
    message: 'Path ({path}) already exists.',
  },
  file_exists: {
    kind: 'conflict',
    status: 409,
    errorCode: 'RESOURCE_ALREADY_EXISTS',
    message: 'File already exists at ({path}).',
  },
  parent_folder_missing: {
    kind: 'not_found',
    status: 400,
    errorCode: 'RESOURCE_DOES_NOT_EXIST',
    message: 'The parent folder ({path}) does not exist.',
  },
  parent_folder_does_not_exist: {
    kind: 'not_found',
    status: 404,
    errorCode: 'RESOURCE_DOES_NOT_EXIST',
    message: 'The parent folder ({path}) does not exist.',
  },
  folder_not_empty: {
    kind: 'conflict',
    status: 400,
    errorCode: 'DIRECTORY_NOT_EMPTY',
    message: 'Folder ({path}) is not empty',
  },
  folder_protected: {
    kind: 'forbidden',
    status: 400,
    errorCode: 'DIRECTORY_PROTECTED',
    message: 'Folder ({path}) is protected',
  },
  path_invalid: {
    kind: 'invalid',
    status: 400,
    errorCode: 'INVALID_PARAMETER_VALUE',
    message: 'Path ({path}) {reason}',
  },
  file_too_large: {
    kind: 'invalid',
    status: 400,
    errorCode: 'MAX_NOTEBOOK_SIZE_EXCEEDED',
    message: 'File is larger than {limit} bytes: {path} has {size} bytes.',
  },
  export_of_folder: {
    kind: 'invalid',
    status: 400,
    errorCode: 'INVALID_PARAMETER_VALUE',
    message: 'Path ({path}) is a folder; export its files one by one.',
  },
  export_format: {
    kind: 'invalid',
    status: 400,
    errorCode: 'INVALID_PARAMETER_VALUE',
    message: 'Path ({path}) cannot be exported as {format}; it is stored as {stored}.',
  },
} as const satisfies Record<string, ErrorEntry>
