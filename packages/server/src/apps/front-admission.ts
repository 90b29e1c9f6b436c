// Who comes to an app's address, and whether they may.
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Caller } from '../base/caller.ts'
import { LakeletError } from '../base/errors.ts'
import { isReading, senderOf } from '../base/request-head.ts'
import type { Visit } from './forwarded-headers.ts'
import type { AppGrants, AppVisitors } from './ports.ts'

export interface FrontAdmissionOptions {
  readonly name: string
  /** Where the address is. */
  readonly host: string
  readonly port: number
  readonly visitors: AppVisitors
  readonly grants: Pick<AppGrants, 'may'>
  /** What the app may do as its visitors; nothing of it where that is empty. */
  readonly visitorScopes: () => Promise<readonly string[]>
}

interface Admitted {
  readonly caller: Caller
  readonly via: 'token' | 'session'
}

export class FrontAdmission {
  readonly #options: FrontAdmissionOptions

  constructor(options: FrontAdmissionOptions) {
    this.#options = options
  }

  get url(): string {
    return `http://${this.#options.host}:${this.#options.port}`
  }

  /** Who comes, with what the app is told of them; `sign in` for a browser that nobody is signed in with. LakeletError for who may not. */
  async visit(request: IncomingMessage): Promise<Visit | 'sign in'> {
    const admitted = await this.#admit(request)
    if (!admitted) return 'sign in'
    return {
      ...admitted,
      host: request.headers.host ?? '',
      address: request.socket.remoteAddress ?? '',
      requestId: randomUUID(),
      accessToken: await this.#tokenOf(admitted.caller),
    }
  }

  /** LakeletError where the sender of an earlier request would not be let in any more, `unauthenticated` or `permission_denied`. */
  async again(request: IncomingMessage): Promise<Caller> {
    const admitted = await this.#admit(request)
    if (!admitted) throw new LakeletError('unauthenticated')
    return admitted.caller
  }

  mayManage(caller: Caller): Promise<boolean> {
    return this.#options.grants.may(caller, this.#options.name, 'CAN_MANAGE')
  }

  /** LakeletError `permission_denied` for who may not read the log. */
  async demandManager(caller: Caller): Promise<void> {
    if (await this.mayManage(caller)) return
    throw new LakeletError('permission_denied', { action: `read the log of app ${this.#options.name}` })
  }

  async #admit(request: IncomingMessage): Promise<Admitted | undefined> {
    this.#checkHost(request)
    const { visitors, grants, name } = this.#options
    const token = bearerToken(request)
    const byToken = token === undefined ? undefined : await visitors.byToken(token)
    const cookie = request.headers.cookie
    const bySession = !byToken && cookie !== undefined ? await visitors.bySession(cookie) : undefined
    const caller = byToken ?? bySession
    if (!caller) {
      if (isBrowserNavigation(request)) return undefined
      throw new LakeletError('unauthenticated')
    }
    if (bySession) this.#checkOrigin(request)
    if (!(await grants.may(caller, name, 'CAN_USE')))
      throw new LakeletError('permission_denied', { action: `use app ${name}` })
    return { caller, via: byToken ? 'token' : 'session' }
  }

  async #tokenOf(caller: Caller): Promise<string | undefined> {
    const scopes = await this.#options.visitorScopes()
    return scopes.length === 0 ? undefined : this.#options.visitors.tokenFor(caller, scopes)
  }

  /** Another site's name that resolves to this machine must not open an app (DNS rebinding). */
  #checkHost(request: IncomingMessage): void {
    const { host, port, name } = this.#options
    const allowed = [host, '127.0.0.1', 'localhost', '[::1]'].map((each) => `${each}:${port}`)
    if (!allowed.includes((request.headers.host ?? '').toLowerCase()))
      throw new LakeletError('app_host_refused', { name, url: this.url })
  }

  /** The session cookie comes along from pages of other apps too (ports share cookies), so where it acts, the page must be the app's own. */
  #checkOrigin(request: IncomingMessage): void {
    const { origin, upgrade } = request.headers
    const isRead = isReading(request.method) && upgrade === undefined
    if (isRead || origin === undefined || senderOf(request.headers) !== 'foreign') return
    throw new LakeletError('app_origin_refused', { origin: origin.slice(0, 200), name: this.#options.name })
  }
}

function bearerToken(request: IncomingMessage): string | undefined {
  const [scheme, token] = (request.headers.authorization ?? '').split(' ')
  return scheme?.toLowerCase() === 'bearer' && token ? token : undefined
}

/** Whether a person waits for a page. */
export function isBrowserNavigation(request: IncomingMessage): boolean {
  const wantsPage = (request.headers.accept ?? '').includes('text/html')
  return request.method === 'GET' && wantsPage && bearerToken(request) === undefined
}
