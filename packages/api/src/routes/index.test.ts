import { expect, test } from 'vitest'
import { errorCatalogue } from '../errors/lakelet-error.ts'
import { openApiDocument } from '../openapi.ts'
import { allRoutes } from './index.ts'

test('every route has an id, a method and a path of its own', () => {
  const ids = allRoutes.map((route) => route.id)
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([])
  const places = allRoutes.map((route) => `${route.method} ${route.path.replace(/:\w+/g, ':')}`)
  expect(places.filter((place, index) => places.indexOf(place) !== index)).toEqual([])
})

test.each(allRoutes.map((route) => [route.id, route] as const))(
  '%s declares the parameters of its path, and known errors',
  (_id, route) => {
    const inPath = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => name ?? '')
    const declared = Object.keys(route.params?.shape ?? {})
    expect(declared.filter((name) => name !== '*').toSorted()).toEqual(inPath.toSorted())
    const guarded = route.permission.kind === 'object' ? [route.permission.param] : []
    expect(inPath).toEqual(expect.arrayContaining(guarded))
    for (const code of route.errors) expect(errorCatalogue).toHaveProperty(code)
    expect(new Set(route.errors).size).toBe(route.errors.length)
  },
)

test('the OpenAPI document has every route once, and all its references lead somewhere', () => {
  const document = openApiDocument(allRoutes, '1.2.3') as {
    paths: Record<string, Record<string, { operationId: string }>>
    components: { schemas: Record<string, unknown>; responses: Record<string, unknown> }
  }
  const operations = Object.values(document.paths).flatMap((path) =>
    Object.values(path).map((operation) => operation.operationId),
  )
  expect(operations.toSorted()).toEqual(allRoutes.map((route) => route.id).toSorted())
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/(\w+)\/(\w+)"/g)]
  expect(references.length).toBeGreaterThan(100)
  for (const [, kind, name] of references) {
    expect(document.components[kind as 'schemas' | 'responses']).toHaveProperty(name ?? '')
  }
  expect(JSON.stringify(document)).not.toContain('#/$defs/')
})
