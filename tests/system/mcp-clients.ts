// The official client of the Model Context Protocol, over both ways to the tools of a workspace.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  Client,
  type OAuthClientProvider,
  type OAuthDiscoveryState,
  type OAuthTokens,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { Browser } from './browser.ts'
import { cliCommand, environment, type TestWorkspace } from './workspace.ts'

/** An answer as the tests look at it. */
export interface Told {
  readonly isError: boolean
  readonly text: string
  readonly message: string
  /** What came from the workspace. */
  readonly data: Record<string, unknown>
  readonly cut: readonly string[]
}

/** Closed at the end of its scope. */
export type TestClient = Client & AsyncDisposable

/** `2026`: only the revision of the protocol of that year; else what a client of today begins with. */
export type Revision = '2026' | 'usual'

function newClient(revision: Revision = 'usual'): TestClient {
  const pinned = { versionNegotiation: { mode: { pin: '2026-07-28' } } } as const
  const client = new Client({ name: 'test', version: '1' }, revision === '2026' ? pinned : {})
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() })
}

/** Calls a tool. */
export async function call(
  client: Client,
  name: string,
  args: Readonly<Record<string, unknown>> = {},
  options: { readonly signal?: AbortSignal } = {},
): Promise<Told> {
  const result = await client.callTool({ name, arguments: { ...args } }, { timeout: 120_000, ...options })
  const [first] = result.content
  const structured = result.structuredContent as
    | { message: string; untrusted_data?: Record<string, unknown>; cut?: string[] }
    | undefined
  return {
    isError: result.isError === true,
    text: first?.type === 'text' ? first.text : '',
    message: structured?.message ?? '',
    data: structured?.untrusted_data ?? {},
    cut: structured?.cut ?? [],
  }
}

/** Calls a tool that is confirmed, twice; gives the second answer. */
export async function confirmed(
  client: Client,
  name: string,
  args: Readonly<Record<string, unknown>>,
): Promise<Told> {
  const asked = await call(client, name, args)
  const { confirm_name: again } = asked.data
  return call(client, name, {
    ...args,
    confirm: wordOf(asked),
    ...(again === undefined ? {} : { confirm_name: again }),
  })
}

/** The word that an answer gives for `confirm`. */
export function wordOf({ message }: Told): string {
  const word = /confirm: "([^"]+)"/.exec(message)?.[1]
  if (word === undefined) throw new Error(`no word in: ${message}`)
  return word
}

/** Starts `lakelet mcp` as the owner and connects. Closing the client ends it. */
export async function overStdio(
  workspace: TestWorkspace,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
  revision: Revision = 'usual',
): Promise<TestClient> {
  const [command, ...first] = cliCommand
  const transport = new StdioClientTransport({
    command,
    args: [...first, 'mcp', ...args],
    env: { ...environment(workspace.home), LAKELET_DATA_DIR: workspace.dataDir, ...env },
    cwd: workspace.home,
    stderr: 'inherit',
  })
  const client = newClient(revision)
  await client.connect(transport)
  return client
}

/** Connects to `/mcp` of the workspace with a token. */
export async function overHttp(
  workspace: TestWorkspace,
  token: string,
  query: Readonly<Record<string, string>> = {},
  revision: Revision = 'usual',
): Promise<TestClient> {
  const url = new URL('/mcp', workspace.host)
  for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value)
  const client = newClient(revision)
  await client.connect(
    new StreamableHTTPClientTransport(url, {
      requestInit: { headers: { authorization: `Bearer ${token}` } },
    }),
  )
  return client
}

/** What a client that signs in keeps. */
export class SignIn implements OAuthClientProvider {
  readonly redirectUrl: string
  readonly browser: Browser
  saved: {
    client?: { client_id: string }
    tokens?: OAuthTokens
    verifier?: string
    found?: OAuthDiscoveryState
  } = {}
  asked: URL | undefined

  constructor(redirectUrl: string, browser: Browser) {
    this.redirectUrl = redirectUrl
    this.browser = browser
  }

  get clientMetadata() {
    return {
      client_name: 'a test',
      redirect_uris: [this.redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    }
  }

  clientInformation() {
    return this.saved.client
  }

  saveClientInformation(client: { client_id: string }) {
    this.saved.client = client
  }

  tokens() {
    return this.saved.tokens
  }

  saveTokens(tokens: OAuthTokens) {
    this.saved.tokens = tokens
  }

  saveDiscoveryState(found: OAuthDiscoveryState) {
    this.saved.found = found
  }

  discoveryState() {
    return this.saved.found
  }

  saveCodeVerifier(verifier: string) {
    this.saved.verifier = verifier
  }

  codeVerifier() {
    return this.saved.verifier ?? ''
  }

  async redirectToAuthorization(url: URL) {
    this.asked = url
    await this.browser.press(url.href)
  }
}

/** Signs in as a client that nobody told anything but the address: 401, metadata, registration, PKCE, consent, token. */
export async function bySigningIn(
  workspace: TestWorkspace,
): Promise<{ readonly client: TestClient; readonly signIn: SignIn }> {
  const browser = new Browser(workspace.host)
  await browser.press((await workspace.cli(['open'], { env: { BROWSER: 'none' } })).trim())
  const arrived = Promise.withResolvers<URLSearchParams>()
  const listener = createServer((request, response) => {
    arrived.resolve(new URL(request.url ?? '', 'http://x').searchParams)
    response.end('signed in')
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  try {
    const { port } = listener.address() as AddressInfo
    const signIn = new SignIn(`http://127.0.0.1:${port}/callback`, browser)
    const url = new URL('/mcp', workspace.host)
    const first = new StreamableHTTPClientTransport(url, { authProvider: signIn })
    const refused = await newClient()
      .connect(first)
      .catch((error: unknown) => error)
    if (!(refused instanceof UnauthorizedError)) throw new Error('nobody had to sign in', { cause: refused })
    await first.finishAuth(await arrived.promise)
    const client = newClient()
    await client.connect(new StreamableHTTPClientTransport(url, { authProvider: signIn }))
    return { client, signIn }
  } finally {
    listener.closeAllConnections()
    await new Promise((resolve) => listener.close(resolve))
  }
}
