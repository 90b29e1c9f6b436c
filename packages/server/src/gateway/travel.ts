// A client that wants to read the past. Who it is, and whether it may come in, is decided by the roles of today, before anything of the past is
// made; the past only says what that role was granted then.
import type { Clock } from '../base/clock.ts'
import { LakeletError } from '../base/errors.ts'
import type { Challenger } from './challenger.ts'
import type { PastQuery, RoleFacts } from './control.ts'
import type { Login, LoginContext } from './log-in.ts'
import { untilAborted } from '../base/until-aborted.ts'
import { checkTokenRole } from './token-login.ts'

/** Where a client was let in to, as it was at a moment. */
export async function travel(
  client: Challenger,
  login: Login,
  moment: PastQuery,
  { control, clock }: LoginContext,
): Promise<Login> {
  const { located, principal } = login
  const { id } = located.endpoint
  let role = located.role
  if (role === undefined || role === 'absent' || role.oid === undefined) {
    role = await untilAborted(control.role(id, client.role), client.signal)
    if (principal) checkTokenRole(principal, client.role, role, clock)
  }
  const endpoint = await untilAborted(control.travel(id, moment), client.signal)
  return { ...login, located: { ...located, endpoint, role }, isPast: true }
}

/**
 * Throws `role_not_then` where the past knows the name as nobody's or as that of another role: a name that was given away later opens
 * nothing of what its first bearer had.
 */
function checkRoleThen(role: string, { located }: Login, then: RoleFacts | 'absent'): void {
  const today = located.role
  const isSame = today !== undefined && today !== 'absent' && then !== 'absent' && today.oid === then.oid
  const moment = located.endpoint.name.replace(/^.*@/, '')
  if (!isSame) throw new LakeletError('role_not_then', { role, moment })
}

/** What judges the role of who was let in once the compute is awake; undefined where it is judged already. */
export function judgeOf(
  role: string,
  login: Login,
  clock: Clock,
): ((facts: RoleFacts | 'absent') => void) | undefined {
  const { principal, located, isPast } = login
  if (isPast) return (facts) => checkRoleThen(role, login, facts)
  if (!principal || located.role !== undefined) return undefined
  return (facts) => checkTokenRole(principal, role, facts, clock)
}
