// A session that comes back logs in again, so the role must still be whose it was when the session lost its backend, and may log in.
import type { Clock } from '../../base/clock.ts'
import { LakeletError } from '../../base/errors.ts'
import type { RoleFacts } from '../control.ts'
import { isExpired } from '../role-checks.ts'

/** Throws `session_not_resumed`. */
export function checkRoleUnchanged(
  role: string,
  before: RoleFacts,
  now: RoleFacts | 'absent',
  clock: Clock,
): void {
  const reason = reasonAgainst(before, now, clock)
  if (reason) throw new LakeletError('session_not_resumed', { reason: `its role "${role}" ${reason}` })
}

function reasonAgainst(before: RoleFacts, now: RoleFacts | 'absent', clock: Clock): string | undefined {
  if (now === 'absent') return 'does not exist any more'
  if (now.oid !== before.oid) return 'is another one now'
  if (!now.canLogin) return 'is not permitted to log in any more'
  if (isExpired(now, clock)) return 'is not valid any more'
  if (now.password !== before.password) return 'has another password now'
  const isSame = now.identity?.id === before.identity?.id && now.identity?.type === before.identity?.type
  return isSame ? undefined : 'belongs to another identity now'
}
