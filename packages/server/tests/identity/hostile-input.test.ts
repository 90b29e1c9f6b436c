// No input makes a 500: whatever is sent to the routes of identity gets an answer in the dialect of its caller.
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestWorkspace, type TestWorkspace, identityRoutes } from './test-workspace.ts'

let workspace: TestWorkspace
beforeAll(async () => {
  workspace = await startTestWorkspace()
  workspace.objects.set('project p', { id: 'p', ownerId: undefined })
})
afterAll(() => workspace[Symbol.asyncDispose]())

const RUNS = { numRuns: 150 }
const SCIM = '/api/2.0/preview/scim/v2'

async function statusOf(method: string, path: string, body?: string, headers: Record<string, string> = {}) {
  const reply = await fetch(`${workspace.url}${path}`, {
    method,
    redirect: 'manual',
    headers: {
      authorization: `Bearer ${workspace.ownerToken}`,
      'content-type': 'application/json',
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
  })
  await reply.arrayBuffer()
  return reply.status
}

/** Text that is likely to hit a special case. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '',
    '__proto__',
    'constructor',
    'admins',
    '\u0000',
    '%',
    '%00',
    '[',
    'members[',
    '"',
    '\ud800',
  ),
)
const scimBody = fc.oneof(
  fc.json(),
  fc
    .record(
      {
        userName: fc.oneof(text, fc.emailAddress(), fc.jsonValue()),
        displayName: fc.oneof(text, fc.jsonValue()),
        active: fc.jsonValue(),
        name: fc.jsonValue(),
        members: fc.jsonValue(),
        groups: fc.jsonValue(),
        entitlements: fc.jsonValue(),
        applicationId: fc.oneof(fc.uuid(), text),
        Operations: fc.oneof(
          fc.jsonValue(),
          fc.array(
            fc.record({
              op: fc.oneof(fc.constantFrom('add', 'remove', 'replace'), text),
              path: fc.oneof(
                text,
                fc.constantFrom('members', 'active', 'name.givenName', 'emails[type eq "work"].value'),
              ),
              value: fc.jsonValue(),
            }),
          ),
        ),
      },
      { requiredKeys: [] },
    )
    .map((value) => JSON.stringify(value)),
)

test('every route, with any parameters and any body', async () => {
  const route = fc.constantFrom(...identityRoutes)
  await fc.assert(
    fc.asyncProperty(
      route,
      text,
      fc.oneof(fc.json(), scimBody, text),
      text,
      async (chosen, param, body, query) => {
        const path = chosen.path.replace(/:\w+/g, () => encodeURIComponent(param.toWellFormed()) || 'x')
        const search = `?filter=${encodeURIComponent(query.toWellFormed())}&count=${encodeURIComponent(param.toWellFormed())}`
        const sent = ['GET', 'HEAD'].includes(chosen.method) ? undefined : body
        expect(await statusOf(chosen.method, path + search, sent)).toBeLessThan(500)
      },
    ),
    RUNS,
  )
})

test('SCIM create, replace and patch', async () => {
  const user = await workspace.identity.directory.create('user', 'victim@example.com')
  const group = await workspace.identity.directory.create('group', 'victims')
  const target = fc.constantFrom(
    ['POST', '/Users'],
    ['POST', '/Groups'],
    ['POST', '/ServicePrincipals'],
    ['PUT', `/Users/${user.id}`],
    ['PATCH', `/Users/${user.id}`],
    ['PUT', `/Groups/${group.id}`],
    ['PATCH', `/Groups/${group.id}`],
  )
  await fc.assert(
    fc.asyncProperty(target, scimBody, async ([method = '', path = ''], body) => {
      expect(await statusOf(method, SCIM + path, body)).toBeLessThan(500)
    }),
    RUNS,
  )
})

test('SCIM filters', async () => {
  const word = fc.constantFrom(
    'userName',
    'eq',
    '"a"',
    'and',
    'or',
    'not',
    '(',
    ')',
    '[',
    ']',
    'pr',
    'co',
    '1',
    'emails',
  )
  const filter = fc.oneof(
    text,
    fc.array(word, { maxLength: 12 }).map((words) => words.join(' ')),
  )
  await fc.assert(
    fc.asyncProperty(filter, async (chosen) => {
      const status = await statusOf(
        'GET',
        `${SCIM}/Users?filter=${encodeURIComponent(chosen.toWellFormed())}`,
      )
      expect([200, 400]).toContain(status)
    }),
    RUNS,
  )
})

test('a filter nested too deeply is refused', async () => {
  const deep = `${'('.repeat(2000)}userName pr${')'.repeat(2000)}`
  expect(await statusOf('GET', `${SCIM}/Users?filter=${encodeURIComponent(deep)}`)).toBe(400)
  const nots = `${'not '.repeat(2000)}userName pr`
  expect(await statusOf('GET', `${SCIM}/Users?filter=${encodeURIComponent(nots)}`)).toBe(400)
})

test('bearer tokens and Postgres passwords', async () => {
  const { authenticator, credentials } = workspace.identity
  const part = fc.oneof(
    fc.string({ maxLength: 20 }),
    fc.json().map((value) => Buffer.from(value).toString('base64url')),
    fc.constant(
      Buffer.from(JSON.stringify({ alg: 'ES256', kid: workspace.identity.keys.activeKid })).toString(
        'base64url',
      ),
    ),
  )
  const token = fc.oneof(
    fc.string(),
    fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('.')),
  )
  fc.assert(
    fc.property(token, (value) => {
      expect(authenticator.authenticate(value)).toBeUndefined()
      expect(credentials.verify(value).ok).toBe(false)
    }),
  )
  await fc.assert(
    fc.asyncProperty(fc.base64String({ minLength: 1 }), async (value) => {
      const authorization = `Bearer ${value}`
      expect(await statusOf('GET', `${SCIM}/Me`, undefined, { authorization })).toBe(401)
    }),
    RUNS,
  )
})

test('the OAuth endpoints', async () => {
  const paths = [
    '/oidc/v1/token',
    '/oidc/v1/introspect',
    '/oidc/v1/revoke',
    '/oidc/interaction/x',
    '/sign-in/link',
    '/sign-out',
  ]
  const form = fc.dictionary(
    fc.oneof(
      text,
      fc.constantFrom(
        'grant_type',
        'client_id',
        'client_secret',
        'scope',
        'refresh_token',
        'code',
        'token',
        'next',
      ),
    ),
    fc.oneof(
      text,
      fc.constantFrom('client_credentials', 'refresh_token', 'authorization_code', 'databricks-cli'),
    ),
  )
  const basic = fc.oneof(
    fc.constant(undefined),
    fc.base64String().map((value) => `Basic ${value}`),
  )
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...paths), form, basic, async (path, fields, authorization) => {
      const status = await statusOf('POST', path, new URLSearchParams(fields).toString(), {
        'content-type': 'application/x-www-form-urlencoded',
        authorization: authorization ?? '',
      })
      expect(status).toBeLessThan(500)
    }),
    RUNS,
  )
  const query = fc.dictionary(
    fc.constantFrom(
      'client_id',
      'redirect_uri',
      'response_type',
      'scope',
      'state',
      'code_challenge',
      'prompt',
      'resource',
      'request',
      'next',
      'code',
    ),
    fc.oneof(text, fc.constantFrom('databricks-cli', 'code', 'http://localhost:8020', 'S256')),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('/oidc/v1/authorize', '/sign-in', '/sign-in/link'),
      query,
      async (path, fields) => {
        const search = new URLSearchParams(fields).toString()
        expect(await statusOf('GET', `${path}?${search}`)).toBeLessThan(500)
      },
    ),
    RUNS,
  )
})
