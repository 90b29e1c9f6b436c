// Values of settings as Postgres reads them from its configuration file (src/backend/utils/misc/guc.c: parse_int, parse_real,
// config_enum_lookup_by_name; src/backend/utils/adt/bool.c).
import type { SettingDescription } from './settings-catalog/index.ts'

const MEMORY: Readonly<Record<string, number>> = { B: 1, kB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30, TB: 2 ** 40 }
const TIME: Readonly<Record<string, number>> = {
  us: 1,
  ms: 1000,
  s: 1e6,
  min: 60e6,
  h: 3600e6,
  d: 86_400e6,
}
const BLOCK = /^(\d+)(kB)$/
const NUMBER = /^\s*([+-]?(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))\s*([A-Za-z]*)\s*$/
const BOOLEANS = ['true', 'false', 'yes', 'no']

/** A range narrower than Postgres' own. */
export interface Bounds {
  readonly min?: number
  readonly max?: number
}

/** What is wrong with `value`, as a sentence about what it should be; undefined when it is right. */
export function valueProblem(
  value: string,
  setting: SettingDescription,
  bounds: Bounds = {},
): string | undefined {
  switch (setting.type) {
    case 'bool':
      return isBoolean(value) ? undefined : 'it is on or off'
    case 'enum':
      return isOneOf(value, setting.values ?? []) ? undefined : `it is one of ${setting.values?.join(', ')}`
    case 'string':
      return undefined
    case 'integer':
    case 'real':
      return numberProblem(value, setting, bounds)
  }
}

function numberProblem(value: string, setting: SettingDescription, bounds: Bounds): string | undefined {
  const min = Math.max(setting.min ?? -Infinity, bounds.min ?? -Infinity)
  const max = Math.min(setting.max ?? Infinity, bounds.max ?? Infinity)
  const number = numberOf(value, setting)
  if (number !== undefined && number >= min && number <= max) return undefined
  const kind = setting.type === 'integer' ? 'an integer' : 'a number'
  const unit =
    setting.unit === undefined ? '' : ` (in ${setting.unit}; units are ${unitsOf(setting.unit).join(', ')})`
  return `it is ${kind} from ${min} to ${max}${unit}`
}

/** The value in the setting's own unit; undefined when it is no number or has a wrong unit. */
function numberOf(value: string, { type, unit }: SettingDescription): number | undefined {
  const [, digits, given = ''] = NUMBER.exec(value) ?? []
  if (digits === undefined) return undefined
  const number = type === 'integer' ? wholeNumber(digits) : signed(digits)
  const converted = number === undefined || given === '' ? number : inUnit(number, given, unit)
  if (converted === undefined) return undefined
  return type === 'integer' ? rounded(converted) : converted
}

/** A number of `given` in the setting's own unit, rounded to whole ones of the next smaller unit as Postgres does (convert_to_base_unit). */
function inUnit(number: number, given: string, unit: string | undefined): number | undefined {
  if (unit === undefined) return undefined
  const factor = factorOf(given, unit)
  if (factor === undefined) return undefined
  const units = unitsOf(unit)
  const smaller = units[units.indexOf(given) - 1]
  const step = smaller === undefined ? undefined : factorOf(smaller, unit)
  return step === undefined ? number * factor : rounded((number * factor) / step) * step
}

/** As rint() of C rounds: a half goes to the even neighbour. */
function rounded(number: number): number {
  const floor = Math.floor(number)
  return number - floor === 0.5 ? floor + (floor % 2 === 0 ? 0 : 1) : Math.round(number)
}

/** As strtol reads it, with base 0: a zero in front means octal. */
function wholeNumber(digits: string): number | undefined {
  if (/^[+-]?0[0-7]+$/.test(digits)) return Number.parseInt(digits, 8)
  return /^[+-]?0\d*[89]/.test(digits) ? undefined : signed(digits)
}

function signed(digits: string): number {
  return digits.startsWith('-') ? -Number(digits.slice(1)) : Number(digits.replace(/^\+/, ''))
}

function factorOf(given: string, unit: string): number | undefined {
  const [, blocks, inner] = BLOCK.exec(unit) ?? [undefined, '1', unit]
  const scale = scaleOf(unit)
  const [from, to] = [scale[given], scale[inner ?? unit]]
  return from === undefined || to === undefined ? undefined : from / (to * Number(blocks))
}

function scaleOf(unit: string): Readonly<Record<string, number>> {
  return unit.endsWith('B') ? MEMORY : TIME
}

function unitsOf(unit: string): string[] {
  return Object.keys(scaleOf(unit))
}

/** Where on and off are among them, so are their other names, which Postgres does not list. */
function isOneOf(value: string, values: readonly string[]): boolean {
  const given = value.toLowerCase()
  const has = (word: string) => values.includes(word)
  if (values.some((each) => each.toLowerCase() === given)) return true
  return (
    (has('on') && ['true', 'yes', '1'].includes(given)) ||
    (has('off') && ['false', 'no', '0'].includes(given))
  )
}

/** Any beginning of a word counts that means one thing only. */
function isBoolean(value: string): boolean {
  const given = value.toLowerCase()
  if (given === '') return false
  return (
    given === '1' ||
    given === '0' ||
    given === 'on' ||
    /^off?$/.test(given) ||
    BOOLEANS.some((word) => word.startsWith(given))
  )
}
