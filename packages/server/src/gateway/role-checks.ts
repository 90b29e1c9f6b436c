// Whether a role may log in, by what the catalog says of it.
import { timingSafeEqual } from 'node:crypto'
import { buildScramVerifier, parseScramVerifier, type ScramVerifier } from '@lakelet/wire'
import type { Clock } from '../base/clock.ts'
import { LakeletError } from '../base/errors.ts'
import { KeyedMutex } from '../base/mutex.ts'
import { untilAborted } from '../base/until-aborted.ts'
import type { RoleFacts } from './control.ts'

/** LOGIN and VALID UNTIL; throws `role_without_login` or, for what is past, `password_wrong`. */
export function checkLogin(role: string, facts: RoleFacts, clock: Clock): void {
  if (isExpired(facts, clock)) throw new LakeletError('password_wrong', { role })
  if (!facts.canLogin) throw new LakeletError('role_without_login', { role })
}

export function isExpired({ validUntil }: RoleFacts, clock: Clock): boolean {
  return validUntil !== undefined && validUntil.getTime() <= clock.now().getTime()
}

export function verifierOf(facts: RoleFacts): ScramVerifier | undefined {
  return facts.password === undefined ? undefined : parseScramVerifier(facts.password)
}

/** A role chooses the iterations of its verifier, up to 2³¹, minutes of work on our side; a million is half a second. */
const MOST_ITERATIONS = 1_000_000

/** One at a time: deriving takes a thread of the few that files and names need too. */
const deriving = new KeyedMutex<'password'>()

/** Whether a clear-text password belongs to a verifier; only for roles that have both a label and a password. */
export function matchesPassword(
  verifier: ScramVerifier,
  password: string,
  signal: AbortSignal,
): Promise<boolean> {
  if (verifier.iterations > MOST_ITERATIONS) return Promise.resolve(false)
  // Nobody derives for a client that left while it waited for its turn.
  const turn = () => (signal.aborted ? Promise.resolve(false) : derivesTo(verifier, password))
  return untilAborted(deriving.run('password', turn), signal)
}

async function derivesTo(verifier: ScramVerifier, password: string): Promise<boolean> {
  const derived = await buildScramVerifier(password, { salt: verifier.salt, iterations: verifier.iterations })
  return timingSafeEqual(derived.storedKey, verifier.storedKey)
}
