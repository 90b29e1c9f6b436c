import type { Endpoint } from '@lakelet/api'
import { t } from '../../text/index.ts'

/** Why each action cannot be taken in this state; undefined where it can. */
export function computeReasons({
  current_state: state,
  pending_state: pending,
  disabled,
}: Pick<Endpoint['status'], 'current_state' | 'pending_state' | 'disabled'>) {
  const changing = pending === undefined ? undefined : t.computes.isChanging
  const off = disabled ? t.computes.isDisabled : undefined
  return {
    wake: off ?? changing ?? (state === 'ACTIVE' ? t.computes.isAwake : undefined),
    suspend: changing ?? (state === 'ACTIVE' ? undefined : t.computes.isAsleep),
    restart: off ?? changing ?? (state === 'ACTIVE' ? undefined : t.computes.isAsleep),
  }
}
