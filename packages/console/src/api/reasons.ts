import { type ActionTable, refusalOf } from '@lakelet/api/actions'
import { t } from '../text/index.ts'

/** Why the contract does not allow an action now, for the one who would take it; undefined where it does. */
export function reasonAgainst<S, T extends ActionTable<S>>(
  table: T,
  action: keyof T,
  subject: S,
): string | undefined {
  const refusal = refusalOf<S, T>(table, action, subject)
  if (!refusal) return undefined
  const { reason } = refusal.params
  const code = typeof reason === 'object' ? reason.reason : refusal.code
  return t.reasons[code] ?? refusal.message
}
