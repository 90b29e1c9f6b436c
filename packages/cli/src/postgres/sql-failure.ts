// An error of Postgres as psql words it: severity, message, the place in the statement, detail, hint.
import type { DatabaseError } from 'pg'
import { Failure, exitCodes } from '../command/failure.ts'

/** The failure for an error of the statements `sql`, with the place marked when the server names one. */
export function sqlFailure(error: DatabaseError, sql: string): Failure {
  const lines = [
    `${error.severity ?? 'ERROR'}: ${error.message} (SQLSTATE ${error.code ?? 'unknown'})`,
    ...(error.position ? placeOf(sql, Number(error.position)) : []),
    ...(error.internalQuery ? [`QUERY: ${error.internalQuery}`] : []),
    ...(error.detail ? [`DETAIL: ${error.detail}`] : []),
    ...(error.hint ? [`HINT: ${error.hint}`] : []),
    ...(error.where ? [`CONTEXT: ${error.where}`] : []),
  ]
  const isLogin = error.code?.startsWith('28') ?? false
  return new Failure(lines.join('\n'), {
    exitCode: isLogin ? exitCodes.unauthenticated : exitCodes.failure,
    ...(hasCopyData(sql) ? { todo: "Data between COPY and '\\.' are read by 'lakelet psql < FILE'." } : {}),
    cause: error,
  })
}

/** As pg_dump writes it: data in the midst of statements. */
function hasCopyData(sql: string): boolean {
  return /^\\\.$/m.test(sql)
}

/** Characters of a line that are shown at most. */
const WIDTH = 100

/** The line of the `position`-th character (from 1, in code points) and a mark below it. */
function placeOf(sql: string, position: number): string[] {
  const before = Array.from(sql)
    .slice(0, position - 1)
    .join('')
  const start = before.lastIndexOf('\n') + 1
  const line = sql.slice(start).split('\n', 1)[0]?.replaceAll('\t', ' ').trimEnd() ?? ''
  const column = before.length - start
  // Of a long line, what is around the place.
  const from = Math.max(0, Math.min(column - WIDTH / 2, line.length - WIDTH))
  const head = `LINE ${before.split('\n').length}: ${from > 0 ? '…' : ''}`
  const shown = line.slice(from, from + WIDTH)
  return [`${head}${shown}`, `${' '.repeat(widthOf(head) + widthOf(shown.slice(0, column - from)))}^`]
}

/** Columns that `text` takes on a terminal. */
export function widthOf(text: string): number {
  let width = 0
  for (const character of text) width += WIDE.test(character) ? 2 : NONE.test(character) ? 0 : 1
  return width
}

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{20000}-\u{3fffd}]/u
const NONE = /[\p{Mn}\p{Me}\p{Cf}]/u
