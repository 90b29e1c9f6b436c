// Why a value does not fit its schema, as a reason of the catalogue: the schema's own words in English, the limits for other languages.
import type { z } from 'zod'
import { because, type Reason } from '../../base/errors.ts'

type Issue = z.ZodError['issues'][number]

/** The first thing that is wrong, with the field that it is in. */
export function reasonOf(error: z.ZodError): Reason {
  const [issue] = error.issues
  if (issue === undefined) return because('value_wrong', { message: 'invalid value' })
  const field = issue.path.map(String).join('.')
  const problem = problemOf(issue)
  return field === '' ? problem : because('field', { field, problem })
}

function problemOf(issue: Issue): Reason {
  const { message } = issue
  if (issue.code === 'invalid_type') {
    return issue.input === undefined && message.includes('undefined')
      ? because('value_required', { message })
      : because('value_type', { message, expected: issue.expected })
  }
  if (issue.code === 'too_small') {
    return because(SMALL[issue.origin] ?? 'value_wrong', { message, least: Number(issue.minimum) })
  }
  if (issue.code === 'too_big') {
    return because(LARGE[issue.origin] ?? 'value_wrong', { message, most: Number(issue.maximum) })
  }
  if (issue.code === 'invalid_value') {
    return because('value_unknown', { message, values: issue.values.map(String).join(', ') })
  }
  return because(issue.code === 'invalid_format' ? 'value_format' : 'value_wrong', { message })
}

const SMALL: Readonly<Record<string, 'text_too_short' | 'number_too_small' | 'list_too_short'>> = {
  string: 'text_too_short',
  number: 'number_too_small',
  int: 'number_too_small',
  array: 'list_too_short',
}

const LARGE: Readonly<Record<string, 'text_too_long' | 'number_too_large' | 'list_too_long'>> = {
  string: 'text_too_long',
  number: 'number_too_large',
  int: 'number_too_large',
  array: 'list_too_long',
}
