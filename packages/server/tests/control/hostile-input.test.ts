// No input makes a 500: paths, ids, pages, masks and bodies of every Postgres route, generated from the route table.
import {
  allRoutes,
  branchUpdate,
  databaseUpdate,
  endpointUpdate,
  errorCatalogue,
  projectUpdate,
  roleUpdate,
  type RouteDefinition,
} from '@lakelet/api'
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ControlWorkspace, createProject, startFreshControl } from './control-workspace.ts'

// What goes over the whole table does not count as a test of a route (tools/record-calls.mjs).
Object.assign(globalThis, { lakeletCallsDoNotCount: true })

let workspace: ControlWorkspace
beforeAll(async () => {
  workspace = await startFreshControl()
  await createProject(workspace.client, 'base')
})
afterAll(() => workspace[Symbol.asyncDispose]())

const routes = allRoutes.filter(
  (route) => route.path.startsWith('/api/2.0/postgres/projects') || route.path.startsWith('/telemetry'),
)

const special = [
  '',
  '.',
  '..',
  '%',
  '%00',
  '%2F',
  '\0',
  '\ud800',
  '__proto__',
  'constructor',
  '*',
  '-',
  'a',
  'A',
  'base',
  'production',
  'primary',
  'databricks-postgres',
  'jane-doe',
  'operations',
  'x'.repeat(64),
]

/** Text that is likely to hit a special case. */
const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 30 }), fc.constantFrom(...special))

const masks = [projectUpdate, branchUpdate, endpointUpdate, databaseUpdate, roleUpdate].flatMap((rules) => [
  ...rules.leaves,
])
const mask = fc.oneof(
  text,
  fc.array(fc.constantFrom('*', 'spec', 'name', ...masks), { maxLength: 4 }).map((all) => all.join(',')),
)
const query = fc.record(
  {
    page_size: fc.oneof(text, fc.integer().map(String), fc.double().map(String)),
    page_token: fc.oneof(
      text,
      fc.json().map((json) => Buffer.from(json).toString('base64url')),
      fc.integer().map((after) => Buffer.from(JSON.stringify(['projects', after])).toString('base64url')),
    ),
    show_deleted: text,
    update_mask: mask,
    project_id: text,
    branch_id: text,
    endpoint_id: text,
    database_id: text,
    role_id: text,
    replace_existing: fc.constantFrom('true', 'false', '', 'x'),
    allow_missing: fc.constantFrom('true', 'false'),
    reassign_owned_to: text,
  },
  { requiredKeys: [] },
)

const value = fc.oneof(
  text,
  fc.jsonValue(),
  fc.constantFrom('60s', '9'.repeat(30) + 's', 1e308, -1, true, null),
)
const spec = fc.record(
  Object.fromEntries(
    [
      ...new Set(
        masks
          .map((leaf) => leaf.split('.')[1] ?? '')
          .concat('ttl', 'expire_time', 'no_expiry', 'no_suspension'),
      ),
    ].map((name) => [name, value]),
  ),
  { requiredKeys: [] },
)
const body = fc.oneof(
  fc
    .record({ spec, initial_endpoint_spec: spec, initial_branch_spec: spec }, { requiredKeys: [] })
    .map((json) => JSON.stringify(json)),
  fc.json(),
  fc.string({ unit: 'binary', maxLength: 50 }),
)

const ids: Readonly<Record<string, readonly string[]>> = {
  project: ['base', 'absent'],
  branch: ['production', 'absent'],
  endpoint: ['primary'],
  database: ['databricks-postgres', 'absent'],
  role: ['jane-doe', 'absent'],
  operation: ['00000000-0000-0000-0000-000000000000'],
}

/** A path of the route; most of its parameters exist, so that the body is looked at. */
function pathOf(route: RouteDefinition): fc.Arbitrary<string> {
  const names = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => name ?? '')
  const values = names.map((name) =>
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...(ids[name] ?? ['absent'])) },
      { weight: 1, arbitrary: text },
    ),
  )
  return fc
    .tuple(...values)
    .map((chosen) =>
      names.reduce(
        (path, name, index) => path.replace(`:${name}`, () => escaped(chosen[index] ?? '')),
        route.path,
      ),
    )
}

function escaped(segment: string): string {
  try {
    return encodeURIComponent(segment)
  } catch {
    // A lone surrogate has no encoding in a URL; sent as bytes that are no UTF-8 it means the same trouble.
    return '%ED%A0%80'
  }
}

const codes = new Set<string>(Object.values(errorCatalogue).map((entry) => entry.errorCode))

// Deleting what the other requests use would make them trivial; the deletes of what is absent stay.
const destroys = new Set(['postgres.deleteProject', 'postgres.deleteDatabase', 'postgres.deleteRole'])

test.each(routes.map((route) => [route.id, route] as const))(
  '%s answers with a reply or an error of the catalogue',
  async (id, route) => {
    await fc.assert(
      fc.asyncProperty(pathOf(route), query, body, async (path, parameters, content) => {
        if (destroys.has(id) && !path.includes('absent')) return
        const url = `${workspace.host}${path}?${new URLSearchParams(parameters).toString()}`
        const reply = await fetch(url, {
          method: route.method,
          headers: {
            authorization: `Bearer ${workspace.tokens.jane}`,
            ...(route.body === undefined ? {} : { 'content-type': 'application/json' }),
          },
          ...(route.body === undefined ? {} : { body: content }),
        })
        const answer = (await reply.json()) as { error_code?: string; message?: string }
        expect([500, 503]).not.toContain(reply.status)
        if (reply.ok) return
        expect(codes).toContain(answer.error_code)
        expect(answer.message).toEqual(expect.any(String))
        expect(answer.message).not.toContain('{traceId}')
      }),
      { numRuns: route.method === 'GET' ? 25 : 40 },
    )
    await workspace.control.context.operations.idle()
  },
)
