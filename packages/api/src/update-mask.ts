// The update mask of a PATCH: comma-joined paths relative to the resource. It works leaf by leaf: a path to an inner field
// stands for every leaf below it that the body sets; `*` and a missing mask for every leaf of the body.
// A path whose field the body does not set is refused. camelCase is read as snake_case.
import { because, LakeletError } from './errors/lakelet-error.ts'

/** What a mask of one resource may name. */
export interface MaskRules {
  /** Paths of the smallest fields that can be changed on their own; a map or a list is one leaf. */
  readonly leaves: readonly string[]
  /** Fields of which one at most is set. Naming the group or any member updates the group as a whole. */
  readonly groups?: Readonly<Record<string, readonly string[]>>
  /** Other names of fields and groups. */
  readonly aliases?: Readonly<Record<string, string>>
  /** Lists and maps: without a value an empty one, for some clients send none of those; naming them clears them. */
  readonly clearable?: readonly string[]
  /** Paths that may be named but change nothing: they count at creation only, or are output. */
  readonly tolerated?: readonly string[]
}

/** The leaves (and group names) that an update changes. LakeletError `invalid_parameter` for a mask that names anything else. */
export function parseUpdateMask(
  mask: string | undefined,
  body: object,
  rules: MaskRules,
): ReadonlySet<string> {
  const paths = (mask ?? '').split(',').map((path) => snakeCase(path.trim()))
  const everything = paths.every((path) => path === '') || paths.includes('*')
  if (everything) return new Set(fieldsOf(rules).filter((field) => isSet(body, field, rules)))
  return new Set(paths.filter((path) => path !== '').flatMap((path) => changedBy(path, body, rules)))
}

function changedBy(path: string, body: object, rules: MaskRules): string[] {
  if ((rules.tolerated ?? []).some((each) => isAtOrBelow(path, each))) return []
  const named = (rules.aliases ?? {})[path] ?? path
  const group = groupOf(named, rules)
  const below = fieldsOf(rules).filter((field) => field === group || isAtOrBelow(field, named))
  if (below.length === 0) {
    throw new LakeletError('invalid_parameter', {
      reason: because('mask_unknown', { field: shorten(path), known: fieldsOf(rules).join(', ') }),
    })
  }
  const changed = below.filter((field) => isSet(body, field, rules) || isCleared(field, named, rules))
  // `spec` as a whole means "all that I send", so an empty one changes nothing.
  if (changed.length === 0 && path !== 'spec') {
    throw new LakeletError('invalid_parameter', {
      reason: because('mask_unset', { field: shorten(path) }),
    })
  }
  return changed
}

/** Leaves outside of groups, and the names of the groups. */
function fieldsOf({ leaves, groups = {} }: MaskRules): string[] {
  const members = new Set(Object.values(groups).flat())
  return [...leaves.filter((leaf) => !members.has(leaf)), ...Object.keys(groups)]
}

function groupOf(path: string, { groups = {} }: MaskRules): string | undefined {
  return Object.keys(groups).find((group) => group === path || groups[group]?.includes(path))
}

function isSet(body: object, field: string, { groups = {} }: MaskRules): boolean {
  return (groups[field] ?? [field]).some((leaf) => valueAt(body, leaf) !== undefined)
}

/** Only a mask that names the list itself clears it, not one that names all around it. */
function isCleared(field: string, named: string, { clearable = [] }: MaskRules): boolean {
  return field === named && clearable.includes(field)
}

function valueAt(body: object, path: string): unknown {
  let value: unknown = body
  for (const segment of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, segment)) return undefined
    value = (value as Record<string, unknown>)[segment]
  }
  return value
}

function isAtOrBelow(path: string, ancestor: string): boolean {
  return path === ancestor || path.startsWith(`${ancestor}.`)
}

function snakeCase(path: string): string {
  return path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

function shorten(path: string): string {
  return path.length > 100 ? `${path.slice(0, 100)}…` : path
}
