// Sign-in by browser: authorization code with PKCE (RFC 7636) for the public client `databricks-cli`, the answer
// coming back to a listener on the loopback interface (RFC 8252).
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { type Server, createServer } from 'node:http'
import { Failure, exitCodes } from '../command/failure.ts'
import type { Terminal } from '../command/terminal.ts'
import { signedInPage } from './signed-in-page.ts'
import { type OAuthToken, discoverEndpoints, requestToken } from './oauth.ts'

const CLIENT_ID = 'databricks-cli'

/** Ports that the client is registered for. */
const PORTS = Array.from({ length: 21 }, (_, index) => 8020 + index)

export interface BrowserLoginOptions {
  readonly terminal: Terminal
  readonly host: string
  readonly scopes: readonly string[]
  /** Given up after this many milliseconds. */
  readonly timeoutMs: number
  /** Shows a line to the person who signs in. */
  readonly note: (text: string) => void
  readonly signal: AbortSignal
}

/** Signs a person in and gives the tokens. */
export async function loginByBrowser(options: BrowserLoginOptions): Promise<OAuthToken> {
  const { terminal, host } = options
  const { authorization } = await discoverEndpoints(terminal.fetch, host)
  const verifier = randomBytes(64).toString('base64url')
  const state = randomBytes(16).toString('base64url')
  await using listener = await listen()
  const redirect = `http://localhost:${listener.port}`
  const url = new URL(authorization)
  for (const [name, value] of Object.entries({
    client_id: CLIENT_ID,
    response_type: 'code',
    redirect_uri: redirect,
    scope: ['offline_access', ...options.scopes].join(' '),
    state,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  })) {
    url.searchParams.set(name, value)
  }
  options.note(`Open this address in a browser to sign in:\n\n  ${url.href}\n`)
  openBrowser(url.href, terminal)
  const code = await listener.code(
    state,
    AbortSignal.any([options.signal, AbortSignal.timeout(options.timeoutMs)]),
  )
  return requestToken(terminal.fetch, host, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirect,
    client_id: CLIENT_ID,
    code_verifier: verifier,
  })
}

class CallbackListener implements AsyncDisposable {
  readonly port: number
  readonly #server: Server

  constructor(server: Server, port: number) {
    this.#server = server
    this.port = port
  }

  /** Waits for the redirect that carries `state` and gives its code. */
  code(state: string, signal: AbortSignal): Promise<string> {
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(gaveUp(signal)), { once: true })
      this.#server.on('request', (request, response) => {
        const query = new URL(request.url ?? '/', 'http://localhost').searchParams
        const isAnswer = query.get('state') === state
        const code = query.get('code')
        const outcome = !isAnswer ? 'foreign' : code ? 'done' : 'refused'
        const page = signedInPage(outcome, request.headers, query.get('error') ?? '')
        response.writeHead(isAnswer ? 200 : 400, { ...page.headers, connection: 'close' })
        response.end(page.markup)
        if (!isAnswer) return
        if (code) resolve(code)
        else
          reject(
            new Failure(`The sign-in was refused: ${query.get('error_description') ?? query.get('error')}.`, {
              exitCode: exitCodes.unauthenticated,
            }),
          )
      })
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeIdleConnections()
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
    })
  }
}

function gaveUp(signal: AbortSignal): Failure {
  const isTimeout = signal.reason instanceof DOMException && signal.reason.name === 'TimeoutError'
  return new Failure(
    isTimeout ? 'Nobody signed in within the time allowed.' : 'The sign-in was interrupted.',
    {
      exitCode: isTimeout ? exitCodes.unauthenticated : exitCodes.interrupted,
      todo: "Run 'lakelet auth login' again; --timeout allows more time.",
    },
  )
}

async function listen(): Promise<CallbackListener> {
  for (const port of PORTS) {
    const server = createServer()
    const isOpen = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, 'localhost', () => resolve(true))
    })
    if (isOpen) return new CallbackListener(server, port)
  }
  throw new Failure('Every port from 8020 to 8040 is in use, and the sign-in needs one of them.', {
    todo: 'End a program that uses one, then sign in again.',
  })
}

/** Opens `url` in the browser that BROWSER names, else in the system's; does nothing when it is `none`. */
export function openBrowser(url: string, terminal: Terminal): void {
  const wanted = terminal.env['BROWSER']
  if (wanted === 'none') return
  const opener = wanted || { darwin: 'open', win32: 'explorer' }[process.platform as string] || 'xdg-open'
  const child = spawn(opener, [url], { stdio: 'ignore', detached: true })
  // The address is on the screen already; a machine without a browser needs nothing more.
  child.on('error', () => {})
  child.unref()
}
