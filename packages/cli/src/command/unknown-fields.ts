// Which fields of a body the contract does not know. What the reply to the same call has is known, too: people send back what they read,
// and its output-only fields are no mistakes.
import { type RouteDefinition, nearest } from '@lakelet/api'
import { z } from 'zod'

export interface UnknownField {
  /** Where it is: `spec.tttl`, `resources.0.nmae`. */
  readonly field: string
  /** The known field that was probably meant, with its path. */
  readonly meant: string | undefined
}

/** The part of JSON Schema that tells which fields an object has. */
interface Shape {
  readonly properties?: Readonly<Record<string, Shape>>
  readonly additionalProperties?: boolean | Shape
  readonly items?: Shape
  readonly anyOf?: readonly Shape[]
  readonly oneOf?: readonly Shape[]
  readonly allOf?: readonly Shape[]
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, Shape>>
}

/** The unknown fields of `body` as the body of `route`, however deep, in their order. */
export function unknownFields(route: RouteDefinition, body: object): readonly UnknownField[] {
  if (!(route.body instanceof z.ZodType)) return []
  const shapes = [shapeOf(route.body, 'input'), ...replyShapes(route)]
  return within(shapes, body, '')
}

function shapeOf(schema: z.ZodType, io: 'input' | 'output'): Shape {
  return resolve(z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Shape)
}

/** The resource in the reply: itself, or the response of an operation. */
function replyShapes(route: RouteDefinition): readonly Shape[] {
  if (!(route.reply instanceof z.ZodType)) return []
  const shape = shapeOf(route.reply, 'output')
  const { properties } = shape
  if (!properties || !('done' in properties && 'metadata' in properties)) return [shape]
  return properties['response'] ? [properties['response']] : []
}

/** Puts definitions in the place of references to them; the contract has no circles. */
function resolve(shape: Shape, defs: Readonly<Record<string, Shape>> = shape.$defs ?? {}): Shape {
  const target = shape.$ref === undefined ? undefined : defs[shape.$ref.replace('#/$defs/', '')]
  if (target) return resolve(target, defs)
  const each = (inner: Shape) => resolve(inner, defs)
  const { properties, additionalProperties, items, anyOf, oneOf, allOf } = shape
  return {
    ...(properties && {
      properties: Object.fromEntries(Object.entries(properties).map(([name, inner]) => [name, each(inner)])),
    }),
    ...(additionalProperties !== undefined && {
      additionalProperties:
        typeof additionalProperties === 'object' ? each(additionalProperties) : additionalProperties,
    }),
    ...(items && { items: each(items) }),
    anyOf: [...(anyOf ?? []), ...(oneOf ?? []), ...(allOf ?? [])].map(each),
  }
}

function within(shapes: readonly Shape[], value: unknown, place: string): readonly UnknownField[] {
  const all = shapes.flatMap((shape) => [shape, ...(shape.anyOf ?? [])])
  if (Array.isArray(value)) {
    const items = all.flatMap(({ items }) => items ?? [])
    return value.flatMap((item, index) => within(items, item, `${place}${index}.`))
  }
  const objects = all.filter(({ properties }) => properties !== undefined)
  if (typeof value !== 'object' || value === null || objects.length === 0) return []
  const known = [...new Set(objects.flatMap(({ properties }) => Object.keys(properties ?? {})))]
  // A field of any name may stand there, as in resources that are stored as they were sent.
  const takesAny = objects.some(
    (each) => each.additionalProperties !== undefined && each.additionalProperties !== false,
  )
  return Object.entries(value).flatMap(([name, inner]): readonly UnknownField[] => {
    if (known.includes(name)) {
      const below = objects.flatMap(({ properties }) => properties?.[name] ?? [])
      return within(below, inner, `${place}${name}.`)
    }
    if (takesAny) return []
    const meant = nearest(name, known)
    return [{ field: `${place}${name}`, meant: meant && `${place}${meant}` }]
  })
}
