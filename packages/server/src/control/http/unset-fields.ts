// Clients made from protocol buffers (the Go SDK, and with it the official CLI, bundles and Terraform) send a required field that nobody
// set as its zero value: an empty text where a choice or a time is expected. Such a value means the same as no value.
import { z } from 'zod'

/** `value` without the zero values that `schema` would refuse, where it takes no value instead. Nothing else changes. */
export function withoutUnset(schema: z.ZodType, value: unknown): unknown {
  const inner = bare(schema)
  if (inner instanceof z.ZodArray && Array.isArray(value)) {
    const element = inner.element as z.ZodType
    return value.map((each: unknown) => withoutUnset(element, each))
  }
  if (!(inner instanceof z.ZodObject) || !isPlainObject(value)) return value
  const shape = inner.shape as Readonly<Record<string, z.ZodType | undefined>>
  const kept = Object.entries(value).flatMap(([name, field]: [string, unknown]) => {
    const expected = Object.hasOwn(shape, name) ? shape[name] : undefined
    if (!expected) return [[name, field] as const]
    if (isUnset(expected, field)) return []
    return [[name, withoutUnset(expected, field)] as const]
  })
  return Object.fromEntries(kept)
}

function isUnset(schema: z.ZodType, value: unknown): boolean {
  if (value !== '' && value !== null) return false
  return !schema.safeParse(value).success && schema.safeParse(undefined).success
}

function bare(schema: z.ZodType): z.ZodType {
  const isWrapped =
    schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable
  return isWrapped ? bare(schema.unwrap() as z.ZodType) : schema
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
