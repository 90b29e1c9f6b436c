// Values of Postgres as JSON. A number stays one as long as every reader of JSON gets the value that was stored: whole numbers up to
// 2^53 - 1, others up to 15 significant digits. Beyond, and for NaN and Infinity, it is a string.
import { parse as parseArray } from 'postgres-array'
import { types } from 'pg'

type ToJson = (text: string) => string

const { BOOL, INT2, INT4, INT8, FLOAT4, FLOAT8, NUMERIC, OID, JSON: PLAIN_JSON, JSONB } = types.builtins

/** Types that are no strings in JSON, by OID, and the OIDs of their arrays (pg_type.typarray; these never change). */
const SCALARS: readonly (readonly [type: number, array: number, toJson: ToJson])[] = [
  [BOOL, 1000, (text) => (text === 't' ? 'true' : 'false')],
  [INT2, 1005, (text) => text],
  [INT4, 1007, (text) => text],
  [OID, 1028, (text) => text],
  [INT8, 1016, number],
  [FLOAT4, 1021, number],
  [FLOAT8, 1022, float],
  [NUMERIC, 1231, number],
  [PLAIN_JSON, 199, (text) => text],
  [JSONB, 3807, (text) => text],
]

/** Arrays whose elements are strings in JSON: text, varchar, bpchar, name, uuid, date, time, timestamp(tz), interval, bytea, inet, cidr, "char". */
const TEXT_ARRAYS = [1009, 1015, 1014, 1003, 2951, 1182, 1183, 1115, 1185, 1187, 1001, 1041, 651, 1002]

const BY_TYPE: ReadonlyMap<number, ToJson> = new Map<number, ToJson>([
  ...SCALARS.map(([type, , toJson]) => [type, toJson] as const),
  ...SCALARS.map(([, array, toJson]) => [array, arrayOf(toJson)] as const),
  ...TEXT_ARRAYS.map((array) => [array, arrayOf((text) => JSON.stringify(text))] as const),
])

/** Turns the text that Postgres sent for a value of the type with this OID into JSON. */
export function toJsonOf(type: number): ToJson {
  return BY_TYPE.get(type) ?? ((text) => JSON.stringify(text))
}

function number(text: string): string {
  const digits = text.replace(/^-/, '').replace(/e.*$/i, '').replace('.', '').replace(/^0+/, '')
  const isExact = /^-?\d+$/.test(text) ? Number.isSafeInteger(Number(text)) : digits.length <= 15
  return /^-?\d/.test(text) && isExact ? text : JSON.stringify(text)
}

/** A double is what JSON's readers have, whatever its digits. */
function float(text: string): string {
  return /^-?\d/.test(text) ? text : JSON.stringify(text)
}

/** An element that is JSON text already. */
class Element {
  readonly json: string
  constructor(json: string) {
    this.json = json
  }
}

type Nested = Element | null | readonly Nested[]

function arrayOf(toJson: ToJson): ToJson {
  return (text) => jsonOf(parseArray(text, (element) => new Element(toJson(element))) as Nested)
}

function jsonOf(value: Nested): string {
  if (value === null) return 'null'
  return value instanceof Element ? value.json : `[${value.map(jsonOf).join(',')}]`
}
