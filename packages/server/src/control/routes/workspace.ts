import { importFields, workspaceRoutes } from '@lakelet/api'
import { because, LakeletError } from '../../base/errors.ts'
import { type ImplementedRoute, implementRoutes } from '../http/implementation.ts'
import { checkValues } from '../http/request-text.ts'
import type { ImportRequest, WorkspaceFilesService } from '../services/workspace.ts'

/** Handlers of `/api/2.0/workspace/…`. */
export function implementWorkspace(service: WorkspaceFilesService): ImplementedRoute[] {
  return implementRoutes(workspaceRoutes, {
    getStatus: ({ caller, query }) => service.getStatus(caller, query.path, query.return_export_info),
    list: ({ caller, query }) => service.list(caller, query.path, query.notebooks_modified_after),
    mkdirs: async ({ caller, body }) => {
      await service.mkdirs(caller, body.path)
      return {}
    },
    delete: async ({ caller, body }) => {
      await service.remove(caller, body.path, body.recursive ?? false)
      return {}
    },
    import: async ({ caller, body, http }) => {
      await service.import(caller, await readImport(body, http.request.headers['content-type'] ?? ''))
      return {}
    },
    export: async ({ caller, query, http }) => {
      const { bytes, fileType } = await service.export(caller, query)
      if (query.direct_download) return bytes
      http.reply.type('application/json')
      const content = Buffer.from(bytes).toString('base64')
      return Buffer.from(JSON.stringify({ content, file_type: fileType }))
    },
  })
}

/** An import comes as JSON with base64, or as a multipart form with the bytes in a part named `content`. */
async function readImport(body: Uint8Array, contentType: string): Promise<ImportRequest> {
  if (contentType.startsWith('multipart/form-data')) return readForm(body, contentType)
  const fields = parseFields(parseJson(body))
  return { ...fields, bytes: decodeBase64(fields.content ?? '') }
}

async function readForm(body: Uint8Array, contentType: string): Promise<ImportRequest> {
  let form: FormData
  try {
    // The platform's own parser; the bytes are already here and within the limit.
    form = await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData()
  } catch (error) {
    const reason = 'The request body is not a valid multipart form.'
    throw new LakeletError('malformed_request', { reason }, { cause: error })
  }
  const content = form.get('content')
  const texts = [...form].filter(([name, value]) => name !== 'content' && typeof value === 'string')
  const fields = parseFields(Object.fromEntries(texts))
  const bytes = content instanceof Blob ? await content.bytes() : Buffer.from(content ?? '')
  return { ...fields, bytes }
}

function parseFields(value: unknown) {
  checkValues(value)
  const parsed = importFields.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const field = issue?.path.map(String).join('.') ?? ''
  throw new LakeletError('invalid_parameter', { reason: `Field '${field}': ${issue?.message ?? 'invalid'}` })
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'))
  } catch (error) {
    const reason = 'The request body is neither JSON nor a multipart form.'
    throw new LakeletError('malformed_request', { reason }, { cause: error })
  }
}

function decodeBase64(text: string): Uint8Array {
  if (/^[A-Za-z0-9+/_\s-]*=*\s*$/.test(text)) return Buffer.from(text, 'base64')
  throw new LakeletError('invalid_parameter', {
    reason: because('field', { field: 'content', problem: 'not base64' }),
  })
}
