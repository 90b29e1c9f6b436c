import { DATABASE_ID, RESOURCE_ID, ROLE_ID } from '@lakelet/api'
import { LakeletError } from '../../base/errors.ts'

const rules = {
  project_id: {
    pattern: RESOURCE_ID,
    rule: 'it must start with a lower-case letter, followed by up to 62 lower-case letters, digits or hyphens',
  },
  branch_id: {
    pattern: RESOURCE_ID,
    rule: 'it must start with a lower-case letter, followed by up to 62 lower-case letters, digits or hyphens',
  },
  endpoint_id: {
    pattern: RESOURCE_ID,
    rule: 'it must start with a lower-case letter, followed by up to 62 lower-case letters, digits or hyphens',
  },
  database_id: { pattern: DATABASE_ID, rule: "it must match '^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$'" },
  role_id: {
    pattern: ROLE_ID,
    rule: 'it must have 4 to 63 characters: a lower-case letter, followed by lower-case letters, digits or hyphens',
  },
} as const

/** Checks the id of a new resource. LakeletError `field_required` or `invalid_id`. */
export function checkId(field: keyof typeof rules, value: string): string {
  if (value === '') throw new LakeletError('field_required', { field })
  const { pattern, rule } = rules[field]
  if (!pattern.test(value)) {
    const shown = value.length > 80 ? `${value.slice(0, 80)}…` : value
    throw new LakeletError('invalid_id', { field, value: shown, rule })
  }
  return value
}
