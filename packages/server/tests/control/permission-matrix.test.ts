// Every route of the table × everybody who may call: what the table says about permissions is what the HTTP server and
// identity do. The handlers only note that they were reached, so that the matrix is about nothing else; the rules of
// routes whose service decides are tested with those services.
import path from 'node:path'
import { allRoutes, type RouteDefinition } from '@lakelet/api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { createLogger } from '../../src/base/log.ts'
import { startHttpServer } from '../../src/control/http/server.ts'
import { ADMINS_GROUP } from '../../src/identity/directory.ts'
import { type Identity, startIdentity } from '../../src/identity/start.ts'
import { openMetadata } from '../../src/metadata/database.ts'
import { temporaryDirectory } from '../postgres/installed.ts'

const callers = [
  'object owner',
  'admin',
  'CAN_MANAGE',
  'CAN_USE',
  'other user',
  'service principal',
  'no token',
  'expired token',
] as const
type Name = (typeof callers)[number]

type Outcome = 'reached' | 'unauthenticated' | 'denied' | 'hidden'

/** The id of the one object of each type. */
const OBJECT = 'thing'
const TYPES = ['project', 'app', 'file'] as const

/** What the table promises. */
function expected({ permission }: RouteDefinition, name: Name): Outcome {
  if (permission.kind === 'public') return 'reached'
  if (name === 'no token' || name === 'expired token') return 'unauthenticated'
  if (permission.kind === 'admin') return name === 'admin' ? 'reached' : 'denied'
  if (permission.kind !== 'object') return 'reached'
  if (name === 'other user' || name === 'service principal') return 'hidden'
  return name === 'CAN_USE' && permission.level === 'CAN_MANAGE' ? 'denied' : 'reached'
}

describe('the permission matrix', () => {
  const stack = new AsyncDisposableStack()
  const tokens = new Map<Name, string>()
  const reached: string[] = []
  let host = ''

  beforeAll(async () => {
    const directory = stack.use(await temporaryDirectory())
    const log = createLogger({ level: 'silent' })
    const metadata = stack.use(await openMetadata(path.join(directory.path, 'metadata.sqlite')))
    const owner = { id: 0 }
    const identity = stack.use(
      await startIdentity({
        metadata,
        clock: systemClock,
        log,
        workspaceId: '1',
        baseUrl: () => host,
        credentials: { defaultTtlSeconds: 3600, minTtlSeconds: 300 },
        objects: { find: async ({ id }) => (id === OBJECT ? { id, ownerId: owner.id } : undefined) },
      }),
    )
    owner.id = await makeCallers(identity, tokens)
    const server = stack.use(
      await startHttpServer({
        host: '127.0.0.1',
        port: 0,
        workspaceId: '1',
        log,
        callers: identity.callers,
        rateLimit: { perSecond: 1e6, burst: 1e6 },
        routes: allRoutes.map((route) => ({
          route: { ...route, query: undefined, body: undefined, reply: 'raw' } as unknown as RouteDefinition,
          handle() {
            reached.push(route.id)
            return new Uint8Array()
          },
        })),
      }),
    )
    host = `http://127.0.0.1:${server.port}`
  })
  afterAll(() => stack.disposeAsync())

  test.each(allRoutes.map((route) => [`${route.id} (${permissionOf(route)})`, route] as const))(
    '%s',
    async (_name, route) => {
      const outcomes: Record<string, Outcome> = {}
      for (const name of callers) outcomes[name] = await outcomeOf(route, name)
      expect(outcomes).toEqual(Object.fromEntries(callers.map((name) => [name, expected(route, name)])))
    },
  )

  async function outcomeOf(route: RouteDefinition, name: Name): Promise<Outcome> {
    const token = tokens.get(name)
    const url = `${host}${route.path.replace(/:\w+/g, OBJECT).replace('*', 'x')}`
    reached.length = 0
    const reply = await fetch(url, {
      method: route.method,
      ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
    })
    await reply.arrayBuffer()
    if (reached.includes(route.id)) return 'reached'
    if (reply.status === 401) return 'unauthenticated'
    if (reply.status === 403) return 'denied'
    expect(reply.status).toBe(404)
    return 'hidden'
  }
})

function permissionOf({ permission }: RouteDefinition): string {
  return permission.kind === 'object' ? `${permission.level} on ${permission.type}` : permission.kind
}

/** Makes everybody and their tokens; returns the id of the objects' owner. */
async function makeCallers(identity: Identity, tokens: Map<Name, string>): Promise<number> {
  const { directory, permissions } = identity
  const admins = directory.find('group', ADMINS_GROUP)
  const user = (name: string, groups = admins ? [admins] : []) =>
    directory.create('user', `${name}@example.com`, { groups })
  const people = {
    'object owner': await user('owner', []),
    admin: await user('admin'),
    CAN_MANAGE: await user('manager', []),
    CAN_USE: await user('user', []),
    'other user': await user('other', []),
    'service principal': await directory.createServicePrincipal('a service'),
  } as const
  for (const [name, principal] of Object.entries(people)) {
    tokens.set(name as Name, (await identity.tokens.create(principal)).value)
  }
  const expiring = await identity.tokens.create(people.admin, { lifetimeSeconds: 1 })
  tokens.set('expired token', expiring.value)
  await new Promise((resolve) => setTimeout(resolve, 1100))
  for (const type of TYPES) {
    for (const level of ['CAN_MANAGE', 'CAN_USE'] as const) {
      await permissions.set({ type, id: OBJECT }, [{ principalId: people[level].id, level }], 'add')
    }
  }
  return people['object owner'].id
}
