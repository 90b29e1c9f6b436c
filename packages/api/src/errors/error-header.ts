// The header `lakelet-error` of an error reply: which error it is, for clients that say it in another language than the body's.
import { errorCatalogue, type ErrorCode, type ErrorParams } from './lakelet-error.ts'
import { reasonCatalogue } from './reasons.ts'

export const ERROR_HEADER = 'lakelet-error'

/** An error as the header carries it. */
export interface KnownError {
  readonly code: ErrorCode
  readonly params: ErrorParams
}

/** Longest value of the header, in bytes: proxies refuse headers of more than 8 KiB in all. */
const MOST_BYTES = 3072
/** Characters of a parameter, ever fewer until the header is short enough. */
const LENGTHS = [600, 300, 120, 40, 10]

/** Code and parameters as percent-encoded JSON; undefined where even shortened ones are too many. */
export function writeErrorHeader({ code, params }: KnownError): string | undefined {
  for (const most of LENGTHS) {
    const text = encodeURIComponent(JSON.stringify({ code, params: shortened(params, most) }))
    if (text.length <= MOST_BYTES) return text
  }
  return undefined
}

/** The error that a header names; undefined for none, and for one of another version. */
export function readErrorHeader(text: string | null | undefined): KnownError | undefined {
  if (!text) return undefined
  try {
    const known: unknown = JSON.parse(decodeURIComponent(text))
    return isKnown(known) ? known : undefined
  } catch {
    return undefined
  }
}

function shortened(params: ErrorParams, most: number): ErrorParams {
  const entries = Object.entries(params).map(([name, value]) => {
    if (typeof value === 'object') return [name, { ...value, params: shortened(value.params, most) }] as const
    if (typeof value === 'number' || value.length <= most) return [name, withoutHalves(value)] as const
    return [name, `${value.slice(0, most).toWellFormed()}…`] as const
  })
  return Object.fromEntries(entries)
}

/** Half of a surrogate pair cannot be percent-encoded. */
function withoutHalves(value: string | number): string | number {
  return typeof value === 'string' ? value.toWellFormed() : value
}

function isKnown(value: unknown): value is KnownError {
  if (typeof value !== 'object' || value === null) return false
  const { code, params } = value as Partial<Record<string, unknown>>
  return typeof code === 'string' && Object.hasOwn(errorCatalogue, code) && areParams(params)
}

function areParams(value: unknown): value is ErrorParams {
  if (typeof value !== 'object' || value === null) return false
  return Object.values(value).every((each: unknown) => {
    if (typeof each === 'string' || typeof each === 'number') return true
    if (typeof each !== 'object' || each === null) return false
    const { reason, params } = each as Partial<Record<string, unknown>>
    return typeof reason === 'string' && Object.hasOwn(reasonCatalogue, reason) && areParams(params)
  })
}
