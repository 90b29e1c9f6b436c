// Which endpoint a host belongs to, over answers of the API as they are.
import { expect, test } from 'vitest'
import { endpointOfHost } from './endpoint-search.ts'

const branch = 'projects/p1/branches/main'
const endpoint = (name: string, host: string, type = 'ENDPOINT_TYPE_READ_WRITE') => ({
  name,
  status: { endpoint_type: type, hosts: { host, read_write_pooled_host: `pooled-${host}` } },
})

const objects: Readonly<Record<string, Record<string, unknown>>> = {
  '/api/2.0/postgres/projects': { projects: [{ name: 'projects/p1' }], next_page_token: 'n 2' },
  '/api/2.0/postgres/projects?page_token=n%202': { projects: [{ name: 'projects/p2' }] },
  '/api/2.0/postgres/projects/p1/branches': { branches: [{ name: branch }] },
  '/api/2.0/postgres/projects/p2/branches': { branches: [{ name: 'projects/p2/branches/main' }] },
  [`/api/2.0/postgres/${branch}/endpoints`]: {
    endpoints: [
      endpoint(`${branch}/endpoints/replica`, '127.0.0.1', 'ENDPOINT_TYPE_READ_ONLY'),
      endpoint(`${branch}/endpoints/primary`, '127.0.0.1'),
    ],
  },
  '/api/2.0/postgres/projects/p2/branches/main/endpoints': {
    endpoints: [
      endpoint('projects/p2/branches/main/endpoints/primary', '127.0.0.1'),
      endpoint('projects/p2/branches/main/endpoints/named', 'ep-1.example'),
    ],
  },
  '/api/2.0/apps/shop': {
    resources: [
      { name: 'key', secret: {} },
      { name: 'postgres', postgres: { branch } },
    ],
  },
}
const read = async (path: string) => objects[path]

test('a host names its endpoint, the pooled one too', async () => {
  const found = 'projects/p2/branches/main/endpoints/named'
  expect(await endpointOfHost('ep-1.example', undefined, read)).toBe(found)
  expect(await endpointOfHost('pooled-ep-1.example', 'unseen', read)).toBe(found)
  expect(await endpointOfHost('ep-1.example', 'shop', read)).toBe(found)
})

test("where all have one address it is the one of the app's own database that writes", async () => {
  expect(await endpointOfHost('127.0.0.1', 'shop', read)).toBe(`${branch}/endpoints/primary`)
})

test('an app that may see nothing of its project takes the endpoint that a branch begins with', async () => {
  const readApp = async (path: string) => (path.startsWith('/api/2.0/apps/') ? objects[path] : undefined)
  expect(await endpointOfHost('ep-3.example', 'shop', readApp)).toBe(`${branch}/endpoints/primary`)
})

test('several, or none, are a choice for the user, who is told of what', async () => {
  await expect(endpointOfHost('127.0.0.1', undefined, read)).rejects.toMatchObject({
    code: 'CONFIGURATION',
    message: expect.stringMatching(
      /^2 endpoints have the host 127\.0\.0\.1 \(PGHOST\): projects\/p1\/.*, projects\/p2\/.*LAKEBASE_ENDPOINT/,
    ) as string,
  })
  await expect(endpointOfHost('ep-2.example', 'shop', read)).rejects.toThrow(
    /no endpoint that may be seen here has the host ep-2\.example \(PGHOST\).*LAKEBASE_ENDPOINT/,
  )
})
