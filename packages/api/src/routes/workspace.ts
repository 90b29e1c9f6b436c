// `/api/2.0/workspace/…`: the workspace file tree.
import { z } from 'zod'
import { exportQuery, flag, objectInfo, objectList } from '../resources/workspace.ts'
import { defineRoute } from '../route.ts'

const rule = 'readable: the own home, /Shared, granted folders; writable likewise; admins everything'
const empty = z.object({})

/** Base64 of the largest file (10 MiB), and room for the other fields. */
const importLimit = 15 * 1024 * 1024

export const workspaceRoutes = {
  getStatus: defineRoute({
    id: 'workspace.getStatus',
    method: 'GET',
    path: '/api/2.0/workspace/get-status',
    summary: 'read the status of a workspace object',
    query: z.object({ path: z.string(), return_export_info: flag.optional() }),
    reply: objectInfo,
    errors: ['path_not_found', 'path_invalid'],
    permission: { kind: 'service', rule },
  }),
  list: defineRoute({
    id: 'workspace.list',
    method: 'GET',
    path: '/api/2.0/workspace/list',
    summary: 'list a workspace folder',
    query: z.object({ path: z.string(), notebooks_modified_after: z.coerce.number().optional() }),
    reply: objectList,
    errors: ['path_not_found', 'path_invalid'],
    permission: { kind: 'service', rule },
  }),
  mkdirs: defineRoute({
    id: 'workspace.mkdirs',
    method: 'POST',
    path: '/api/2.0/workspace/mkdirs',
    summary: 'create a workspace folder',
    body: z.object({ path: z.string() }),
    reply: empty,
    errors: ['path_exists', 'path_invalid', 'permission_denied'],
    permission: { kind: 'service', rule },
  }),
  delete: defineRoute({
    id: 'workspace.delete',
    method: 'POST',
    path: '/api/2.0/workspace/delete',
    summary: 'delete a workspace object',
    body: z.object({ path: z.string(), recursive: flag.optional() }),
    reply: empty,
    errors: ['path_not_found', 'folder_not_empty', 'path_invalid', 'permission_denied'],
    permission: { kind: 'service', rule },
  }),
  import: defineRoute({
    id: 'workspace.import',
    method: 'POST',
    path: '/api/2.0/workspace/import',
    summary: 'import a file or notebook (JSON with base64, or a multipart form)',
    body: 'raw',
    bodyLimit: importLimit,
    reply: empty,
    errors: ['path_exists', 'parent_folder_missing', 'path_invalid', 'file_too_large', 'permission_denied'],
    permission: { kind: 'service', rule },
  }),
  export: defineRoute({
    id: 'workspace.export',
    method: 'GET',
    path: '/api/2.0/workspace/export',
    summary: 'export a file or notebook (its bytes with direct_download, else JSON with base64)',
    query: exportQuery,
    reply: 'raw',
    errors: ['path_not_found', 'path_invalid', 'export_of_folder', 'export_format'],
    permission: { kind: 'service', rule },
  }),
} as const
