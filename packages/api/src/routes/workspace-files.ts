// `/api/2.0/workspace-files/…`: whole files by path, as `databricks sync` and bundles move them.
import { z } from 'zod'
import { flag } from '../resources/workspace.ts'
import { defineRoute } from '../route.ts'

const rule = 'readable: the own home, /Shared, granted folders; writable likewise; admins everything'

/** Somewhat more than the largest file, so that a file just over the limit is answered with the file's own error. */
const importLimit = 12 * 1024 * 1024

export const workspaceFilesRoutes = {
  importFile: defineRoute({
    id: 'workspaceFiles.importFile',
    method: 'POST',
    path: '/api/2.0/workspace-files/import-file/*',
    summary: 'write a workspace file (the path without its first slash; its slashes as they are or as %2F)',
    params: z.object({ '*': z.string() }),
    query: z.object({ overwrite: flag.optional() }),
    body: 'raw',
    bodyLimit: importLimit,
    reply: z.object({}),
    errors: [
      'file_exists',
      'path_exists',
      'parent_folder_does_not_exist',
      'path_invalid',
      'file_too_large',
      'permission_denied',
    ],
    permission: { kind: 'service', rule },
  }),
  readFile: defineRoute({
    id: 'workspaceFiles.readFile',
    method: 'GET',
    path: '/api/2.0/workspace-files/*',
    summary: 'read a workspace file',
    params: z.object({ '*': z.string() }),
    reply: 'raw',
    errors: ['path_not_found', 'path_invalid', 'export_of_folder'],
    permission: { kind: 'service', rule },
  }),
} as const
