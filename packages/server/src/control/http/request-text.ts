// What no value of a request may hold, wherever it stands: it would be cut, refused or read otherwise further in.
import { because, LakeletError, type Reason } from '../../base/errors.ts'

/** Deeper than anything that a route knows, and far from what makes recursion dangerous. */
const MOST_LEVELS = 64

/**
 * Refuses a zero byte, half of a surrogate pair, a number out of range, a key that reaches an object's prototype, and nesting
 * that goes too deep. LakeletError `invalid_parameter` or `malformed_request`, which name the field.
 */
export function checkValues(value: unknown, field: string = '', level: number = 0): void {
  if (typeof value === 'string') checkText(value, field)
  else if (typeof value === 'number') checkNumber(value, field)
  else if (typeof value === 'object' && value !== null) checkMembers(value, field, level)
}

function checkText(text: string, field: string): void {
  if (text.includes('\0')) throw invalid(field, because('zero_byte'))
  if (!text.isWellFormed()) throw invalid(field, because('half_surrogate'))
}

function checkNumber(value: number, field: string): void {
  if (!Number.isFinite(value)) throw invalid(field, because('out_of_range'))
}

function checkMembers(value: object, field: string, level: number): void {
  if (level === MOST_LEVELS) {
    throw new LakeletError('malformed_request', {
      reason: because('nested', { most: MOST_LEVELS }),
    })
  }
  for (const [key, member] of Object.entries(value)) {
    const name = field === '' ? key : `${field}.${key}`
    if (key === '__proto__') throw invalid(field, because('field_name'))
    checkText(key, name)
    checkValues(member, name, level + 1)
  }
}

function invalid(field: string, problem: Reason): LakeletError {
  const shown = field.replaceAll('\0', '\\0').toWellFormed().slice(0, 200)
  const reason =
    shown === '' ? because('request', { problem }) : because('field_sentence', { field: shown, problem })
  return new LakeletError('invalid_parameter', { reason })
}
