// Every error in Japanese. The types demand a text for each code; where a message quotes Postgres or a program, that stays as it is.
import { readErrorHeader, type KnownError } from '../error-header.ts'
import { type ErrorCode, fillText } from '../lakelet-error.ts'
import { apps } from './apps.ts'
import { bundles } from './bundles.ts'
import { files } from './files.ts'
import { gateway } from './gateway.ts'
import { history } from './history.ts'
import { identity } from './identity.ts'
import { objectArchives } from './object-archives.ts'
import { platform } from './platform.ts'
import { postgres } from './postgres.ts'
import { reasons } from './reasons.ts'
import { startup } from './startup.ts'

export const errorTexts: Readonly<Record<ErrorCode, string>> = {
  ...platform,
  ...identity,
  ...postgres,
  ...history,
  ...bundles,
  ...objectArchives,
  ...gateway,
  ...apps,
  ...files,
  ...startup,
}

/** An error in Japanese. */
export function sayInJapanese({ code, params }: KnownError): string {
  return fillText(errorTexts[code], params, reasons)
}

/** The error that a reply's header `lakelet-error` names, in Japanese; undefined where it names none. */
export function headerInJapanese(header: string | null | undefined): string | undefined {
  const known = readErrorHeader(header)
  return known && sayInJapanese(known)
}
