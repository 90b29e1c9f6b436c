import { isLakeletError } from '@lakelet/api'
import { expect, it } from 'vitest'
import { checkId } from './resource-ids.ts'

const NAMED = ['project_id', 'branch_id', 'endpoint_id', 'snapshot_id'] as const
const LONGEST = `a${'-9'.repeat(31)}`

it.each(NAMED)('takes as a %s a letter and up to 62 letters, digits and hyphens behind it', (field) => {
  for (const id of ['a', 'z-', 'main', 'a--b', 'b2', LONGEST]) expect(checkId(field, id)).toBe(id)
})

it.each(NAMED)('refuses as a %s whatever else there is, and says which pattern it has to match', (field) => {
  const refused = [
    `${LONGEST}9`,
    'A',
    'mAin',
    '1a',
    '-a',
    'a_b',
    'a.b',
    'a/b',
    '../a',
    ' a',
    'a ',
    'a\n',
    'a\0',
    'é',
    'ａ',
    '%61',
    'x'.repeat(100_000),
  ]
  for (const id of refused) {
    const error = errorOf(() => checkId(field, id))
    expect(isLakeletError(error, 'invalid_id'), JSON.stringify(id.slice(0, 80))).toBe(true)
    expect((error as Error).message).toContain(`Field ${field} must match pattern ^[a-z][a-z0-9-]{0,62}$`)
    expect((error as Error).message.length).toBeLessThan(300)
  }
  expect(
    isLakeletError(
      errorOf(() => checkId(field, '')),
      'field_required',
    ),
  ).toBe(true)
})

function errorOf(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  return undefined
}
