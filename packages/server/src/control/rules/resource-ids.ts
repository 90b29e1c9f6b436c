import { DATABASE_ID, RESOURCE_ID, ROLE_ID } from '@lakelet/api'
import { LakeletError } from '../../base/errors.ts'

const patterns = {
  project_id: RESOURCE_ID,
  branch_id: RESOURCE_ID,
  endpoint_id: RESOURCE_ID,
  snapshot_id: RESOURCE_ID,
  database_id: DATABASE_ID,
  role_id: ROLE_ID,
} as const

/** Checks the id of a new resource. LakeletError `field_required` or `invalid_id`. */
export function checkId(field: keyof typeof patterns, value: string): string {
  if (value === '') throw new LakeletError('field_required', { field })
  const pattern = patterns[field]
  if (!pattern.test(value)) {
    const shown = value.length > 80 ? `${value.slice(0, 80)}…` : value
    throw new LakeletError('invalid_id', { field, value: shown, pattern: pattern.source })
  }
  return value
}
