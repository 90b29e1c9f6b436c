// A workspace of nothing but identity: real HTTP server, real SQLite file, port 0.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { allRoutes, type Client, createClient } from '@lakelet/api'
import type { Clock } from '../../src/base/clock.ts'
import { guardedLogger } from '../../../../tests/guards/guarded-logger.ts'
import { type HttpServer, startHttpServer } from '../../src/control/http/server.ts'
import { implementCredentials } from '../../src/control/routes/credentials.ts'
import { implementOAuth } from '../../src/control/routes/oauth.ts'
import { implementPermissions } from '../../src/control/routes/permissions.ts'
import { implementScim } from '../../src/control/routes/scim.ts'
import { implementSignIn } from '../../src/control/routes/sign-in.ts'
import { implementSecrets } from '../../src/control/routes/secrets.ts'
import { implementServicePrincipalSecrets } from '../../src/control/routes/service-principal-secrets.ts'
import { implementTokens } from '../../src/control/routes/tokens.ts'
import { PermissionsService } from '../../src/control/services/permissions.ts'
import { ScimService } from '../../src/control/services/scim.ts'
import { SecretsService } from '../../src/control/services/secrets.ts'
import { ServicePrincipalSecretsService } from '../../src/control/services/service-principal-secrets.ts'
import { TokensService } from '../../src/control/services/tokens.ts'
import type { KnownObject, ObjectRef } from '../../src/identity/ports.ts'
import { type Identity, startIdentity } from '../../src/identity/start.ts'
import { openMetadata } from '../../src/metadata/database.ts'

export const WORKSPACE_ID = '900800700600500'
export const OWNER = { email: 'olga.owner@example.com', displayName: 'Olga Owner' }
export const ENDPOINT = 'projects/my-app-db/branches/production/endpoints/primary'

/** The system's time plus what a test lets pass: tokens of the OAuth server carry real times. */
export class ShiftedClock implements Clock {
  #shiftMs = 0

  now(): Date {
    return new Date(Date.now() + this.#shiftMs)
  }

  monotonicMs(): number {
    return performance.now() + this.#shiftMs
  }

  sleep(_ms: number, signal?: AbortSignal): Promise<void> {
    const { promise, reject } = Promise.withResolvers<void>()
    signal?.addEventListener('abort', () => {
      reject(new Error('aborted'))
    })
    return promise
  }

  advance(ms: number): void {
    this.#shiftMs += ms
  }
}

export interface TestWorkspace extends AsyncDisposable {
  readonly url: string
  readonly identity: Identity
  readonly clock: ShiftedClock
  readonly ownerToken: string
  readonly directory: string
  /** Objects that exist; tests add to it. */
  readonly objects: Map<string, KnownObject>
  readonly log: string[]
  client(token?: string): Client
  /** A request with a bearer token and a JSON body. */
  call(method: string, path: string, options?: CallOptions): Promise<{ status: number; body: Reply }>
}

export interface CallOptions {
  readonly token?: string | undefined
  readonly json?: unknown
  readonly form?: Record<string, string>
  readonly headers?: Record<string, string>
}

// oxlint-disable-next-line typescript/no-explicit-any -- replies are looked into freely
export type Reply = any

/** Starts one; a given directory is used again and kept, with the token that its owner had. */
export async function startTestWorkspace(
  directory?: string,
  ownerTokenBefore?: string,
): Promise<TestWorkspace> {
  await using starting = new AsyncDisposableStack()
  const home = directory ?? (await mkdtemp(path.join(tmpdir(), 'lakelet-identity-')))
  if (directory === undefined) starting.defer(() => rm(home, { recursive: true, force: true }))
  const log: string[] = []
  const logger = guardedLogger({ write: (line) => void log.push(line) })
  const clock = new ShiftedClock()
  const metadata = starting.use(await openMetadata(path.join(home, 'metadata.db')))
  const objects = new Map<string, KnownObject>()
  let server: HttpServer | undefined
  const identity = starting.use(
    await startIdentity({
      metadata,
      clock,
      log: logger,
      workspaceId: WORKSPACE_ID,
      baseUrl: () => `http://127.0.0.1:${server?.port}`,
      credentials: { defaultTtlSeconds: 3600, minTtlSeconds: 300 },
      sealingKeyFile: path.join(home, 'secrets.key'),
      objects: { find: async ({ type, id }: ObjectRef) => objects.get(`${type} ${id}`) },
      isAppUrl: (url) => url.hostname === 'my-app.localhost',
    }),
  )
  const owner = await identity.ensureOwner(OWNER)
  const { tokens, secrets, credentials, permissions, directory: principals } = identity
  server = starting.use(
    await startHttpServer({
      host: '127.0.0.1',
      port: 0,
      workspaceId: WORKSPACE_ID,
      log: logger,
      callers: identity.callers,
      routes: [
        ...implementOAuth(identity),
        ...implementSignIn({
          createLink: (id, next) => identity.sessions.createSignInLink(id, identity.baseUrl(), next),
        }),
        ...implementTokens(new TokensService(tokens)),
        ...implementSecrets(new SecretsService(identity.secretScopes, principals)),
        ...implementServicePrincipalSecrets(new ServicePrincipalSecretsService(secrets)),
        ...implementScim(new ScimService(principals, () => owner.id)),
        ...implementPermissions(new PermissionsService(permissions, principals)),
        ...implementCredentials({
          credentials,
          endpoints: { nameFor: (_caller, name) => (name === ENDPOINT ? name : undefined) },
        }),
      ],
      mount: (http) => identity.mount(http),
    }),
  )
  const url = `http://127.0.0.1:${server.port}`
  const ownerToken = await identity.ensureOwnerToken(ownerTokenBefore)
  const owned = starting.move()
  return {
    url,
    identity,
    clock,
    ownerToken,
    directory: home,
    objects,
    log,
    client: (token = ownerToken) => createClient({ host: url, token: () => token }),
    call: (method, target, options = {}) => call(url, method, target, { token: ownerToken, ...options }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

async function call(
  url: string,
  method: string,
  target: string,
  { token, json, form, headers }: CallOptions,
): Promise<{ status: number; body: Reply }> {
  const reply = await fetch(`${url}${target}`, {
    method,
    redirect: 'manual',
    headers: {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    ...(form ? { body: new URLSearchParams(form) } : {}),
  })
  const text = await reply.text()
  try {
    return { status: reply.status, body: text === '' ? undefined : JSON.parse(text) }
  } catch {
    return { status: reply.status, body: text }
  }
}

/** Basic authentication as the Python and JavaScript clients send it. */
export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}

/** The routes of the contract that this workspace serves. */
export const identityRoutes = allRoutes.filter((route) =>
  /^(scim|tokens|secrets|servicePrincipalSecrets|permissions|oauth|credentials|signIn)\./.test(route.id),
)
