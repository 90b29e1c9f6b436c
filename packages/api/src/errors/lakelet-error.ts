// The one error class of Lakelet and the catalogue of everything that can go wrong. Only a LakeletError's message
// may reach a client; any other error is `internal` there and keeps its text in the log.
import { appsErrors } from './apps.ts'
import { bundleErrors } from './bundles.ts'
import type { ErrorEntry, ErrorKind } from './entry.ts'
import { filesErrors } from './files.ts'
import { gatewayErrors } from './gateway.ts'
import { historyErrors } from './history.ts'
import { identityErrors } from './identity.ts'
import { objectArchiveErrors } from './object-archives.ts'
import { platformErrors } from './platform.ts'
import { postgresErrors } from './postgres.ts'
import { type ReasonCode, reasonCatalogue } from './reasons.ts'
import { startupErrors } from './startup.ts'

/** Every code with its kind, status, SQLSTATE and text; `docs/errors.md` is printed from it. */
export const errorCatalogue = {
  ...platformErrors,
  ...identityErrors,
  ...postgresErrors,
  ...historyErrors,
  ...bundleErrors,
  ...objectArchiveErrors,
  ...gatewayErrors,
  ...appsErrors,
  ...filesErrors,
  ...startupErrors,
} as const satisfies Record<string, ErrorEntry>

export type ErrorCode = keyof typeof errorCatalogue

/** Values for the `{name}` places of a message. Never put a secret here: the text reaches clients and logs. */
export type ErrorParams = Readonly<Record<string, string | number | Reason>>

/** A part of a message that has a code of its own, as plain data. */
export interface Reason {
  readonly reason: ReasonCode
  readonly params: ErrorParams
}

/** A reason of the catalogue, for a parameter of an error. */
export function because(reason: ReasonCode, params: ErrorParams = {}): Reason {
  return { reason, params }
}

/** An error with a code of the catalogue. `details` are sent as the `details` of a REST error body. */
export class LakeletError extends Error {
  override readonly name = 'LakeletError'
  readonly code: ErrorCode
  readonly params: ErrorParams
  readonly details: readonly object[]

  constructor(
    code: ErrorCode,
    params: ErrorParams = {},
    options: { readonly cause?: unknown; readonly details?: readonly object[] } = {},
  ) {
    super(messageOf(code, params), 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.params = params
    this.details = options.details ?? []
  }

  get entry(): ErrorEntry {
    return errorCatalogue[this.code]
  }

  /** What to do about it, where the message leaves that to a HINT. */
  get hint(): string | undefined {
    const { hint } = this.entry
    return hint === undefined ? undefined : fillText(hint, this.params, reasonCatalogue)
  }

  /** What a Postgres client reads as DETAIL, where there is one. */
  get detail(): string | undefined {
    const { detail } = this.entry
    return detail === undefined ? undefined : fillText(detail, this.params, reasonCatalogue)
  }

  get kind(): ErrorKind {
    return this.entry.kind
  }
}

const MOST_QUOTED = 2000

function messageOf(code: ErrorCode, params: ErrorParams): string {
  return fillText(errorCatalogue[code].message, params, reasonCatalogue)
}

/** `text` with its `{name}` places filled in; reasons are said in the words of `reasons`. A place without a value stays. */
export function fillText(
  text: string,
  params: ErrorParams,
  reasons: Readonly<Record<ReasonCode, string>>,
): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = params[name]
    if (value === undefined) return whole
    return shorten(
      typeof value === 'object' ? fillText(reasons[value.reason], value.params, reasons) : String(value),
    )
  })
}

/** A message quotes what a client sent, but not all of a megabyte of it. */
function shorten(text: string): string {
  return text.length > MOST_QUOTED ? `${text.slice(0, MOST_QUOTED).toWellFormed()}…` : text
}

/** True when `error` is a LakeletError, of the given code if one is named. */
export function isLakeletError(error: unknown, code?: ErrorCode): error is LakeletError {
  return error instanceof LakeletError && (code === undefined || error.code === code)
}
