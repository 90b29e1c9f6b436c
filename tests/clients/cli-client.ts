// HTTP as the official CLI and its Go SDK do it: the same headers, the same demands on replies. A reply that would make the real one
// fail (a page instead of JSON, an int64 as text, an operation without a response) fails here.
import { expect } from 'vitest'
import type { TestWorkspace } from '../system/workspace.ts'

export interface Call {
  /** The words of the command after `databricks`. */
  readonly command: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly body?: object
  /** Bytes instead of JSON. */
  readonly raw?: string
  readonly form?: FormData
  readonly headers?: Readonly<Record<string, string>>
  /** 200 where absent. */
  readonly status?: number
  /** What the reply must hold. */
  readonly reply?: unknown
  /** The reply is a long-running operation; what its resource must hold. */
  readonly operation?: object
}

/** JSON of a reply, as far as tests look into it. */
export type Json = Readonly<Record<string, unknown>>

const INT64 = new Set(['object_id', 'service_principal_id', 'created_at', 'modified_at', 'size'])
const TIMES = /_time$/

export class CliClient {
  readonly #workspace: TestWorkspace
  readonly #token: string
  readonly #workspaceId: string

  constructor(workspace: TestWorkspace, token: string, workspaceId: string) {
    this.#workspace = workspace
    this.#token = token
    this.#workspaceId = workspaceId
  }

  /** Sends a call and checks the reply against what is expected of it. */
  async send(call: Call): Promise<Json> {
    const reply = await fetch(`${this.#workspace.host}${call.path}`, this.#request(call))
    const text = await reply.text()
    expect({ status: reply.status, text }).toMatchObject({ status: call.status ?? 200 })
    // The Go SDK takes any page for a sign-in page (ErrHTMLContent).
    expect(reply.headers.get('content-type') ?? '').toMatch(/^application\/json/)
    const body = text === '' ? {} : (JSON.parse(text) as Json)
    checkForms(body)
    if (reply.status >= 400) {
      expect(body).toMatchObject({
        error_code: expect.any(String) as string,
        message: expect.any(String) as string,
      })
    }
    if (call.operation !== undefined) return this.#wait(call, body)
    if (call.reply !== undefined) expect(body).toMatchObject(call.reply as object)
    return body
  }

  /** The bytes of a reply that is no JSON. */
  async download(call: Call): Promise<string> {
    const reply = await fetch(`${this.#workspace.host}${call.path}`, this.#request(call))
    expect(reply.status).toBe(200)
    return reply.text()
  }

  #request(call: Call): RequestInit {
    const command = call.command.split(' ').slice(0, 2).join('_')
    const isUpload = call.raw !== undefined || call.form !== undefined
    return {
      method: call.method,
      redirect: 'error',
      headers: {
        authorization: `Bearer ${this.#token}`,
        'user-agent': `cli/1.13.0 databricks-sdk-go/0.175.0 go/1.25.6 os/linux cmd/${command} auth/databricks-cli`,
        'x-databricks-workspace-id': this.#workspaceId,
        traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
        ...(call.method === 'GET' || !isUpload ? { accept: 'application/json' } : {}),
        ...(call.body ? { 'content-type': 'application/json' } : {}),
        ...call.headers,
      },
      ...(call.body ? { body: JSON.stringify(call.body) } : {}),
      ...(call.raw === undefined ? {} : { body: Buffer.from(call.raw) }),
      ...(call.form ? { body: call.form } : {}),
    }
  }

  /** Asks for an operation at least once, whatever the first reply said, until it is done. */
  async #wait(call: Call, started: Json): Promise<Json> {
    expect(started).toMatchObject({
      name: expect.stringMatching(/\/operations\/[^/]+$/) as string,
      metadata: { '@type': expect.stringMatching(/\.v1\.[A-Za-z]+OperationMetadata$/) as string },
    })
    const poll = `/api/2.0/postgres/${String(started['name'])}`
    for (;;) {
      const operation = await this.send({ command: call.command, method: 'GET', path: poll })
      if (operation['done'] !== true) {
        await new Promise((resolve) => setTimeout(resolve, 100))
        continue
      }
      expect(operation['error']).toBeUndefined()
      // "operation completed but no response available"
      expect(operation['response']).toMatchObject(call.operation ?? {})
      return operation['response'] as Json
    }
  }
}

/** Numbers, times and durations have the forms that the Go SDK decodes. */
function checkForms(value: unknown): void {
  if (Array.isArray(value)) for (const each of value) checkForms(each)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return
  // The id of an object with permissions is a path such as /apps/x.
  const isPermissions = 'access_control_list' in value
  for (const [name, each] of Object.entries(value)) {
    if (INT64.has(name) && !isPermissions)
      expect({ [name]: each }).toEqual({ [name]: expect.any(Number) as number })
    if (TIMES.test(name) && typeof each === 'string') expect(each).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
    if (name.endsWith('_duration') && each !== undefined) expect(each).toMatch(/^\d+(\.\d+)?s$/)
    checkForms(each)
  }
}
