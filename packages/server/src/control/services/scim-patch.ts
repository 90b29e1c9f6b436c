// SCIM PATCH (RFC 7644 §3.5.2) on a resource as JSON: the operations that Azure AD, Okta, Terraform and the official SDKs send.
import { LakeletError } from '../../base/errors.ts'
import { type Json, parseScimFilter, scalarText, type ScimTest } from './scim-filter.ts'

type Mutable = Record<string, unknown>

const MAX_OPERATIONS = 1000
/** `members`, `name.givenName`, `emails[type eq "work"]`, `emails[type eq "work"].value` */
const PATH = /^([A-Za-z$][\w$-]*)(?:\[(.*)\])?(?:\.([A-Za-z$][\w$-]*))?$/s
/** Names that reach into an object's prototype are no attributes. */
const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype'])

interface ParsedPath {
  readonly attribute: string
  readonly test: ScimTest | undefined
  readonly sub: string | undefined
}

/** The resource after the operations of a PatchOp body; LakeletError `scim_invalid` for one that is not well formed. */
export function applyScimPatch(resource: Json, body: unknown): Json {
  const patched = structuredClone(resource) as Mutable
  for (const operation of operationsOf(body)) {
    const op = (scalarText(field(operation, 'op')) ?? '').toLowerCase()
    const path = field(operation, 'path')
    const value = field(operation, 'value')
    if (!['add', 'replace', 'remove'].includes(op)) throw invalid(`'${op}' is not an operation`)
    if (path !== undefined && path !== null && typeof path !== 'string') throw invalid('a path must be text')
    if (op !== 'remove' && value === undefined) throw invalid(`'${op}' needs a value`)
    if (typeof path === 'string' && path !== '') change(patched, op, parsePath(path), value)
    else changeMany(patched, op, value)
  }
  return patched
}

function operationsOf(body: unknown): readonly unknown[] {
  const operations = field(body, 'Operations')
  if (!Array.isArray(operations)) throw invalid("'Operations' must be a list")
  if (operations.length > MAX_OPERATIONS) throw invalid('there are too many operations')
  return operations as readonly unknown[]
}

/** An operation without a path carries an object: each member is one attribute. */
function changeMany(resource: Mutable, op: string, value: unknown): void {
  if (op === 'remove') throw invalid("'remove' needs a path")
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid('an operation without a path needs an object as value')
  }
  for (const [name, each] of Object.entries(value)) {
    if (name !== 'schemas') change(resource, op, parsePath(name), each)
  }
}

function change(resource: Mutable, op: string, path: ParsedPath, value: unknown): void {
  const attribute = nameIn(resource, path.attribute)
  if (path.test) changeElements(resource, attribute, op, { test: path.test, sub: path.sub }, value)
  else if (path.sub !== undefined) changeSub(resource, attribute, op, path.sub, value)
  else changeWhole(resource, attribute, op, value)
}

function changeWhole(resource: Mutable, attribute: string, op: string, value: unknown): void {
  const before = resource[attribute]
  if (op === 'remove') {
    const removed = Array.isArray(value) && Array.isArray(before) ? new Set(value.map(valueOf)) : undefined
    if (removed) resource[attribute] = (before as unknown[]).filter((each) => !removed.has(valueOf(each)))
    else delete resource[attribute]
  } else if (op === 'add' && Array.isArray(before)) {
    const known = new Set(before.map(valueOf))
    const added = (Array.isArray(value) ? (value as unknown[]) : [value]).filter(
      (each) => !known.has(valueOf(each)),
    )
    resource[attribute] = [...(before as unknown[]), ...added]
  } else {
    resource[attribute] = value
  }
}

function changeSub(resource: Mutable, attribute: string, op: string, sub: string, value: unknown): void {
  const before = resource[attribute]
  const object: Mutable =
    typeof before === 'object' && before !== null && !Array.isArray(before) ? { ...before } : {}
  const name = nameIn(object, sub)
  if (op === 'remove') delete object[name]
  else object[name] = value
  resource[attribute] = object
}

function changeElements(
  resource: Mutable,
  attribute: string,
  op: string,
  path: { readonly test: ScimTest; readonly sub: string | undefined },
  value: unknown,
): void {
  const before = resource[attribute]
  const list = Array.isArray(before) ? (before as unknown[]) : []
  const matches = (each: unknown) => typeof each === 'object' && each !== null && path.test(each as Json)
  if (op === 'remove' && path.sub === undefined) {
    resource[attribute] = list.filter((each) => !matches(each))
    return
  }
  resource[attribute] = list.map((each) => {
    if (!matches(each)) return each
    const element: Mutable = { ...(each as Json) }
    if (path.sub === undefined) return value
    const name = nameIn(element, path.sub)
    if (op === 'remove') delete element[name]
    else element[name] = value
    return element
  })
}

function parsePath(path: string): ParsedPath {
  // A path may begin with the schema's name: `urn:…:User:userName`.
  const match = PATH.exec(path.replace(/^urn:[\w.:-]*:(?=[A-Za-z$][\w$-]*($|[.[]))/, ''))
  const [, attribute = '', filter, sub] = match ?? []
  if (!match || FORBIDDEN.has(attribute) || FORBIDDEN.has(sub ?? '')) throw invalid(`'${path}' is not a path`)
  return { attribute, test: filter === undefined ? undefined : parseScimFilter(filter), sub }
}

/** The name under which an attribute is present, but for case; else the name itself. */
function nameIn(resource: Mutable, name: string): string {
  return Object.keys(resource).find((each) => each.toLowerCase() === name.toLowerCase()) ?? name
}

/** What tells two elements of a list apart. */
function valueOf(element: unknown): unknown {
  return typeof element === 'object' && element !== null ? (field(element, 'value') ?? element) : element
}

function field(object: unknown, name: string): unknown {
  if (typeof object !== 'object' || object === null) return undefined
  const key = Object.keys(object).find((each) => each.toLowerCase() === name.toLowerCase())
  return key === undefined ? undefined : (object as Mutable)[key]
}

function invalid(why: string): LakeletError {
  return new LakeletError('scim_invalid', { reason: `The patch cannot be understood: ${why}.` })
}
