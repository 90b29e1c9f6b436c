// What no value of a request may hold, wherever it stands: it would be cut, refused or read otherwise further in.
import { LakeletError } from '../../base/errors.ts'

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
  if (text.includes('\0')) throw invalid(field, 'must not contain a zero byte')
  if (!text.isWellFormed())
    throw invalid(field, 'must be whole Unicode: it contains half of a surrogate pair')
}

function checkNumber(value: number, field: string): void {
  if (!Number.isFinite(value)) throw invalid(field, 'the number is out of range')
}

function checkMembers(value: object, field: string, level: number): void {
  if (level === MOST_LEVELS) {
    throw new LakeletError('malformed_request', {
      reason: `The request is nested more than ${MOST_LEVELS} levels deep.`,
    })
  }
  for (const [key, member] of Object.entries(value)) {
    const name = field === '' ? key : `${field}.${key}`
    if (key === '__proto__') throw invalid(field, "'__proto__' cannot be the name of a field")
    checkText(key, name)
    checkValues(member, name, level + 1)
  }
}

function invalid(field: string, reason: string): LakeletError {
  const shown = field.replaceAll('\0', '\\0').toWellFormed()
  return new LakeletError('invalid_parameter', {
    reason: shown === '' ? `The request ${reason}.` : `Field '${shown.slice(0, 200)}': ${reason}.`,
  })
}
