import { type ErrorEntry, type ErrorKind } from './errors/entry.ts'
import { errorCatalogue } from './errors/lakelet-error.ts'

const kindTexts: Readonly<Record<ErrorKind, string>> = {
  invalid: 'The request cannot be understood or is not allowed as it is.',
  unauthenticated: 'It is not known who calls.',
  forbidden: 'It is known who calls, but they may not do this.',
  not_found: 'There is no such thing, or the caller may not know of it.',
  conflict: 'The state of things does not allow it now.',
  limited: 'Too much was asked for.',
  unavailable: 'It cannot be done at this moment; try again.',
  client_gone: 'The client went away.',
  internal: 'A fault of Lakelet; its log has the details.',
}

/** `docs/errors.md`: every code of the catalogue, by kind. */
export function errorPage(): string {
  const entries: (readonly [string, ErrorEntry])[] = Object.entries(errorCatalogue)
  const kinds = Object.entries(kindTexts).flatMap(([kind, text]) => {
    const ofKind = entries.filter(([, entry]) => entry.kind === kind)
    return ofKind.length === 0 ? [] : [section(kind, text, ofKind)]
  })
  return `${introduction}\n\n${kinds.join('\n\n')}\n`
}

const introduction = `# Errors

Every error that Lakelet gives, printed from the catalogue in \`packages/api/src/errors\`. REST replies carry \`error_code\` and
\`message\`; Postgres clients get the SQLSTATE and the same message, some with a HINT; the command line prints the message. Words in braces are
filled in.`

function section(kind: string, text: string, entries: readonly (readonly [string, ErrorEntry])[]): string {
  const rows = entries
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(
      ([code, entry]) =>
        `| \`${code}\` | ${entry.status} | \`${entry.errorCode}\` | ${entry.sqlState ? `\`${entry.sqlState}\`` : ''} | ${cell(entry)} |`,
    )
  return [
    `## ${kind}`,
    '',
    text,
    '',
    '| code | HTTP | error_code | SQLSTATE | message |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n')
}

function cell({ message, hint, retryable }: ErrorEntry): string {
  const escaped = message.replaceAll('|', '\\|').replaceAll('\n', ' ')
  const shown = escaped.includes('`') ? escaped : `\`${escaped}\``
  const advised = hint === undefined ? shown : `${shown} HINT: \`${hint.replaceAll('|', '\\|')}\``
  return retryable ? `${advised} (try again later)` : advised
}
