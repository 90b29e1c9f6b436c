// Logging in with a token: a clear-text challenge inside TLS, for roles with a security label and for names that look like an identity.
import { decodePassword, encodeAuthenticationCleartextPassword } from '@lakelet/wire'
import type { Clock } from '../base/clock.ts'
import { isLakeletError, LakeletError } from '../base/errors.ts'
import { untilAborted } from '../base/until-aborted.ts'
import type { GatewayControl, RoleFacts, TokenPrincipal } from './control.ts'
import { type Challenger, readAnswer } from './challenger.ts'
import { checkLogin, matchesPassword, verifierOf } from './role-checks.ts'

/** What a client answered to the challenge, and what it is worth as a token. */
export interface TokenAnswer {
  readonly password: string
  readonly principal: TokenPrincipal | LakeletError
}

/** Which challenge a role gets. Roles unknown here (asleep, nothing known of them) can only come with a token. */
export function takesToken(role: string, facts: RoleFacts | 'absent' | undefined): boolean {
  if (facts === undefined) return true
  if (facts !== 'absent' && facts.identity) return true
  if (facts !== 'absent' && verifierOf(facts)) return false
  return /@|^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(role)
}

/** Whether a password has the form of a token of the platform: a personal access token, or a JWT. */
export function isToken(password: string): boolean {
  return /^dapi[0-9a-f]{8}|^eyJ[\w-]+\./.test(password)
}

/** Asks for a token in clear text and says what it is worth. Throws LakeletError for an answer that is no password. */
export async function askForToken(client: Challenger, control: GatewayControl): Promise<TokenAnswer> {
  client.onAsked('token')
  client.connection.stream.write(encodeAuthenticationCleartextPassword())
  const password = readPassword(await readAnswer(client)).toString('utf8')
  if (password === '') throw new LakeletError('password_empty', { role: client.role })
  const verdict = untilAborted(control.verify(password), client.signal).catch((error: unknown) => {
    if (isLakeletError(error) && error.kind === 'unauthenticated') return error
    throw error
  })
  return { password, principal: await verdict }
}

/**
 * Judges the answer to `askForToken` for a role; undefined when a password of the role's own was right. `facts` undefined: only that
 * the token's identity bears the role's name is checked, the rest must follow with `checkTokenRole` once the facts are known.
 */
export async function authenticateToken(
  client: Challenger,
  { password, principal }: TokenAnswer,
  facts: RoleFacts | 'absent' | undefined,
  clock: Clock,
): Promise<TokenPrincipal | undefined> {
  const { role } = client
  if (principal instanceof LakeletError) {
    const verifier = facts !== undefined && facts !== 'absent' ? verifierOf(facts) : undefined
    if (!verifier || facts === undefined || facts === 'absent') throw principal
    if (!(await matchesPassword(verifier, password, client.signal)))
      throw new LakeletError('password_wrong', { role })
    checkLogin(role, facts, clock)
    return undefined
  }
  if (facts !== undefined) checkTokenRole(principal, role, facts, clock)
  else if (principal.name !== role && !principal.groups.some(({ name }) => name === role))
    throw new LakeletError('token_identity_wrong', { identity: principal.name, role })
  return principal
}

/** Whether a principal may log in as a role: label, LOGIN, VALID UNTIL. Postgres itself enforces CONNECTION LIMIT. */
export function checkTokenRole(
  principal: TokenPrincipal,
  role: string,
  facts: RoleFacts | 'absent',
  clock: Clock,
): void {
  if (facts === 'absent') throw new LakeletError('password_wrong', { role })
  const { identity } = facts
  if (!identity) throw new LakeletError('role_without_label', { role })
  const isIts =
    identity.type === 'GROUP'
      ? principal.groups.some((group) => group.id === identity.id)
      : identity.type === principal.kind && identity.id === principal.id
  if (!isIts) throw new LakeletError('token_identity_wrong', { identity: principal.name, role })
  checkLogin(role, facts, clock)
}

function readPassword(body: Buffer): Buffer {
  try {
    return decodePassword(body)
  } catch (error) {
    throw new LakeletError('startup_invalid', { reason: 'invalid password packet size' }, { cause: error })
  }
}
