// The Prefer header (RFC 7240, with PostgREST's preferences).
import { DataApiError, PGRST } from '../errors.ts'

const KNOWN: Readonly<Record<string, readonly string[]>> = {
  return: ['representation', 'minimal', 'headers-only'],
  resolution: ['merge-duplicates', 'ignore-duplicates'],
  count: ['exact', 'planned', 'estimated'],
  tx: ['commit', 'rollback'],
  missing: ['default', 'null'],
  handling: ['strict', 'lenient'],
}

export interface Preferences {
  readonly return?: string
  readonly resolution?: string
  readonly count?: string
  readonly tx?: string
  readonly missing?: string
  readonly handling?: string
  readonly timezone?: string
  readonly maxAffected?: number
}

/** The first of each wins; what is not known is passed over, or with `handling=strict` refused. */
export function parsePrefer(header: string | undefined, zones: ReadonlySet<string>): Preferences {
  const found: Record<string, string | number> = {}
  const invalid: string[] = []
  for (const part of (header ?? '').split(',').map((each) => each.trim())) {
    if (part === '') continue
    const [name = '', value = ''] = part.split('=', 2)
    const isTaken = Object.hasOwn(found, name)
    if (KNOWN[name]?.includes(value)) {
      if (!isTaken) found[name] = value
    } else if (name === 'timezone' && zones.has(value)) found['timezone'] ??= value
    else if (name === 'max-affected' && /^\d{1,9}$/.test(value)) found['maxAffected'] ??= Number(value)
    else invalid.push(part)
  }
  if (found['handling'] === 'strict' && invalid.length > 0) {
    throw new DataApiError(PGRST.preferences, 'Invalid preferences given with handling=strict', {
      details: `Invalid preferences: ${invalid.join(', ')}`,
    })
  }
  return found
}

/** The header that says which were heeded. */
export function appliedHeader(preferences: Preferences): string | undefined {
  const { maxAffected, ...others } = preferences
  const parts = Object.entries(others).map(([name, value]) => `${name}=${value}`)
  if (maxAffected !== undefined && preferences.handling === 'strict')
    parts.push(`max-affected=${maxAffected}`)
  return parts.length === 0 ? undefined : parts.join(', ')
}
