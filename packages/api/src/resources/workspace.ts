// Objects of the workspace file tree (databricks-sdk: `workspace.ObjectInfo`).
import { z } from 'zod'

const objectType = z.enum(['NOTEBOOK', 'DIRECTORY', 'FILE', 'LIBRARY', 'REPO', 'DASHBOARD'])
const language = z.enum(['PYTHON', 'SQL', 'SCALA', 'R'])

export const objectInfo = z.object({
  path: z.string(),
  object_type: objectType,
  object_id: z.int(),
  resource_id: z.string().optional(),
  /** Notebooks only. */
  language: language.optional(),
  /** Bytes; absent for directories. */
  size: z.int().optional(),
  /** Milliseconds since 1970. */
  created_at: z.int(),
  modified_at: z.int(),
  /** How export-dir should fetch a notebook; only with `return_export_info`. */
  repos_export_format: z.enum(['SOURCE', 'JUPYTER']).optional(),
})
export type ObjectInfo = z.output<typeof objectInfo>

export const objectList = z.object({ objects: z.array(objectInfo).optional() })

/** A flag of a query string or a form: `true`, `false`, or a JSON boolean. */
export const flag = z.union([z.boolean(), z.enum(['true', 'false', '']).transform((text) => text === 'true')])

const importFormat = z.enum(['AUTO', 'SOURCE', 'HTML', 'JUPYTER', 'DBC', 'R_MARKDOWN', 'RAW'])
export type ImportFormat = z.output<typeof importFormat>

/** Fields of `POST /workspace/import` in both of its forms; in a multipart form the bytes are a part of their own. */
export const importFields = z.object({
  path: z.string(),
  format: importFormat.optional(),
  language: language.optional(),
  overwrite: flag.optional(),
  /** Base64. */
  content: z.string().optional(),
})

export const exportQuery = z.object({
  path: z.string(),
  format: z.enum(['AUTO', 'SOURCE', 'HTML', 'JUPYTER', 'DBC', 'R_MARKDOWN', 'RAW']).optional(),
  direct_download: flag.optional(),
})
export type ExportQuery = z.output<typeof exportQuery>
