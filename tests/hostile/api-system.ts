// A whole workspace with people in it, and requests that the typed client would not make.
import { type TestWorkspace, startTestWorkspace } from '../system/workspace.ts'

export interface SystemReply {
  readonly status: number
  readonly body: Record<string, unknown>
}

export interface System extends AsyncDisposable {
  readonly workspace: TestWorkspace
  /** Sends a request as the owner, or with `token`; `null` sends none. A body that is text goes out as it is. */
  send(method: string, url: string, body?: unknown, token?: string | null): Promise<SystemReply>
  /** Waits for the operation that a reply names; rejects when it failed. */
  done(reply: SystemReply, token?: string): Promise<Record<string, unknown>>
  /** A new service principal: its token and application id. */
  addPrincipal(name: string, groups?: readonly string[]): Promise<Principal>
}

export interface Principal {
  readonly id: string
  readonly applicationId: string
  readonly token: string
}

/** Starts a workspace with the project `shop`. */
export async function startSystem(): Promise<System> {
  await using starting = new AsyncDisposableStack()
  const workspace = starting.use(await startTestWorkspace())
  const send: System['send'] = async (method, url, body, token = workspace.token) => {
    const reply = await fetch(`${workspace.host}${url}`, {
      method,
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      redirect: 'manual',
    })
    // A stream has no end to wait for.
    if (reply.headers.get('content-type')?.startsWith('text/event-stream')) {
      await reply.body?.cancel()
      return { status: reply.status, body: {} }
    }
    return { status: reply.status, body: parse(await reply.text()) }
  }
  const done: System['done'] = async (reply, token) => {
    for (let { body } = reply; ;) {
      if (typeof body['name'] !== 'string') throw new Error(`no operation: ${JSON.stringify(reply)}`)
      if (body['error'] !== undefined) throw new Error(`operation failed: ${JSON.stringify(body)}`)
      if (body['done'] === true) return (body['response'] ?? {}) as Record<string, unknown>
      body = (await send('GET', `/api/2.0/postgres/${body['name']}`, undefined, token)).body
    }
  }
  const addPrincipal: System['addPrincipal'] = async (displayName, groups = []) => {
    const made = await send('POST', '/api/2.0/preview/scim/v2/ServicePrincipals', {
      displayName,
      groups: groups.map((value) => ({ value })),
    })
    const { id, applicationId } = made.body as { id: string; applicationId: string }
    const secrets = `/api/2.0/accounts/servicePrincipals/${id}/credentials/secrets`
    const { secret } = (await send('POST', secrets, {})).body as { secret: string }
    const granted = await fetch(`${workspace.host}/oidc/v1/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${applicationId}:${secret}`).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'all-apis' }),
    })
    const { access_token: token } = (await granted.json()) as { access_token: string }
    return { id, applicationId, token }
  }
  await done(await send('POST', '/api/2.0/postgres/projects?project_id=shop', {}))
  const owned = starting.move()
  return { workspace, send, done, addPrincipal, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return { text }
  }
}
