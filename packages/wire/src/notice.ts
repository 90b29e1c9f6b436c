// ErrorResponse and NoticeResponse: Postgres documentation 53.8 "Error and Notice Message Fields".
import { type BodyReader, cstring, frame } from './bytes.ts'

/** Names of the one-letter fields. `severity` may be translated, `severityCode` (V) never is. */
const FIELDS = {
  severity: 'S',
  severityCode: 'V',
  code: 'C',
  message: 'M',
  detail: 'D',
  hint: 'H',
  position: 'P',
  internalPosition: 'p',
  internalQuery: 'q',
  where: 'W',
  schema: 's',
  table: 't',
  column: 'c',
  dataType: 'd',
  constraint: 'n',
  file: 'F',
  line: 'L',
  routine: 'R',
} as const

type FieldName = keyof typeof FIELDS

/** The fields of an error or a notice. Fields of letters unknown here are kept under the letter itself. */
export interface NoticeFields extends Readonly<Partial<Record<FieldName, string>>> {
  readonly other?: Readonly<Record<string, string>>
}

const NAMES = new Map(Object.entries(FIELDS).map(([name, letter]) => [letter as string, name as FieldName]))

/** Reads the fields; a message without any field (not even a SQLSTATE) is legal and gives an empty object. */
export function readNoticeFields(reader: BodyReader): NoticeFields {
  const known: Partial<Record<FieldName, string>> = {}
  const other: Record<string, string> = {}
  while (reader.left > 0) {
    const letter = reader.uint8()
    if (letter === 0) break
    const text = reader.cstring()
    const name = NAMES.get(String.fromCharCode(letter))
    if (name) known[name] = text
    else other[String.fromCharCode(letter)] = text
  }
  return Object.keys(other).length > 0 ? { ...known, other } : known
}

function encodeFields(type: string, fields: NoticeFields): Buffer {
  const { other = {}, ...known } = fields
  const parts = Object.entries(known).flatMap(([name, text]) =>
    text === undefined ? [] : [Buffer.from(FIELDS[name as FieldName]), cstring(text)],
  )
  const unknown = Object.entries(other).flatMap(([letter, text]) => [Buffer.from(letter), cstring(text)])
  return frame(type, ...parts, ...unknown, Buffer.of(0))
}

/** ErrorResponse with the fields in the order given. */
export function encodeErrorResponse(fields: NoticeFields): Buffer {
  return encodeFields('E', fields)
}

/** NoticeResponse with the fields in the order given. */
export function encodeNoticeResponse(fields: NoticeFields): Buffer {
  return encodeFields('N', fields)
}
