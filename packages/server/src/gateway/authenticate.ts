// Decides who the client is, before anything is woken. Roles with a security label, and names that look like an identity,
// get a clear-text challenge (inside TLS) for a token; all others get SCRAM. A role that does not exist goes through the
// same steps with values that cannot match, so that it cannot be told from a wrong password.
import { timingSafeEqual } from 'node:crypto'
import type { Socket } from 'node:net'
import {
  buildScramVerifier,
  decodePassword,
  decodeSaslInitialResponse,
  encodeAuthenticationCleartextPassword,
  encodeAuthenticationSasl,
  encodeAuthenticationSaslContinue,
  encodeAuthenticationSaslFinal,
  mockScramVerifier,
  parseScramVerifier,
  ScramServer,
  type ScramVerifier,
} from '@lakelet/wire'
import type { Clock } from '../base/clock.ts'
import { LakeletError } from '../base/errors.ts'
import { KeyedMutex } from '../base/mutex.ts'
import { abortable } from './abortable.ts'
import type { ClientReader } from './client-reader.ts'
import type { GatewayEndpoint, RoleFacts, TokenPrincipal, TokenVerdict, TokenVerifier } from './ports.ts'

export interface Challenger {
  readonly stream: Socket
  readonly reader: ClientReader
  /** Ends the wait for the client's answers. */
  readonly signal: AbortSignal
  readonly role: string
}

export interface AuthenticationContext {
  readonly verifier: TokenVerifier
  readonly clock: Clock
  /** Salts of roles that do not exist are derived from it. */
  readonly mockSecret: Buffer
  /** tls-server-end-point hash of our certificate. */
  readonly channelBinding: Buffer | undefined
}

/** Who came in: by token, then for role facts that are still to be checked when `facts` were unknown; or by password. */
export type Authenticated =
  | { readonly by: 'token'; readonly principal: TokenPrincipal }
  | { readonly by: 'password' }

const PASSWORD_MESSAGE = 0x70

/** Which challenge a role gets. Roles unknown here (asleep, nothing cached) can only come with a token. */
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
export async function askForToken(
  client: Challenger,
  context: AuthenticationContext,
): Promise<{ password: string; verdict: TokenVerdict }> {
  client.stream.write(encodeAuthenticationCleartextPassword())
  const password = readPassword(await readAnswer(client)).toString('utf8')
  if (password === '')
    throw new LakeletError('startup_invalid', { reason: 'empty password returned by client' })
  return { password, verdict: await context.verifier.verifyToken(password) }
}

/**
 * Judges the answer to `askForToken` for a role. `facts` undefined: only that the token's identity bears the role's
 * name is checked, the rest must follow with `checkTokenRole` once the facts are known.
 */
export async function authenticateToken(
  client: Challenger,
  answer: { readonly password: string; readonly verdict: TokenVerdict },
  facts: RoleFacts | 'absent' | undefined,
  context: AuthenticationContext,
): Promise<Authenticated> {
  const { role } = client
  if (!answer.verdict.ok) {
    const known = facts !== undefined && facts !== 'absent' ? facts : undefined
    const verifier = known && verifierOf(known)
    if (verifier && known && (await matches(verifier, answer.password, client.signal))) {
      checkLogin(role, known, context.clock)
      return { by: 'password' }
    }
    throw verifier ? new LakeletError('password_wrong', { role }) : tokenRefusal(answer.verdict)
  }
  const { principal } = answer.verdict
  if (facts === undefined) {
    const names = [principal.name, ...principal.groups.map((group) => group.name)]
    if (!names.includes(role))
      throw new LakeletError('token_identity_wrong', { identity: principal.name, role })
  } else checkTokenRole(principal, role, facts, context.clock)
  return { by: 'token', principal }
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

/** SCRAM-SHA-256(-PLUS) against the stored verifier; against a mock one where the role has none. */
export async function authenticatePassword(
  client: Challenger,
  facts: RoleFacts | 'absent',
  context: AuthenticationContext,
): Promise<Authenticated> {
  const { role, stream } = client
  const verifier = facts === 'absent' ? undefined : verifierOf(facts)
  const server = new ScramServer({
    verifier: verifier ?? mockScramVerifier(role, context.mockSecret),
    channelBinding: context.channelBinding,
  })
  stream.write(encodeAuthenticationSasl(server.mechanisms))
  const { mechanism, data } = decodeSaslInitialResponse(await readAnswer(client))
  stream.write(encodeAuthenticationSaslContinue(server.start(mechanism, data ?? Buffer.alloc(0))))
  const outcome = server.finish(await readAnswer(client))
  // An expired password is an expired password, whoever knows it (CVE-2025-2291 was a proxy that forgot).
  if (!outcome.ok || !verifier || facts === 'absent' || isExpired(facts, context.clock)) {
    throw new LakeletError('password_wrong', { role })
  }
  if (!facts.canLogin) throw new LakeletError('role_without_login', { role })
  stream.write(encodeAuthenticationSaslFinal(outcome.serverFinal))
  return { by: 'password' }
}

/** The refusal of a token, in the words of the real service. */
export function tokenRefusal(verdict: Extract<TokenVerdict, { ok: false }>): LakeletError {
  switch (verdict.reason) {
    case 'not_jwt':
      return new LakeletError('token_not_jwt')
    case 'signature':
      return new LakeletError('token_signature_wrong')
    case 'foreign':
      return new LakeletError('token_foreign')
    case 'expired':
      return new LakeletError('token_expired', { exp: verdict.exp })
  }
}

/** What a session belongs to, for one line of the log. */
export function describeLogin(
  endpoint: GatewayEndpoint,
  role: string,
  login: Authenticated,
): Record<string, string> {
  return {
    endpoint: endpoint.name,
    role,
    ...(login.by === 'token' ? { identity: login.principal.name } : {}),
  }
}

function checkLogin(role: string, facts: RoleFacts, clock: Clock): void {
  if (isExpired(facts, clock)) throw new LakeletError('password_wrong', { role })
  if (!facts.canLogin) throw new LakeletError('role_without_login', { role })
}

function isExpired({ validUntil }: RoleFacts, clock: Clock): boolean {
  return validUntil !== undefined && validUntil.getTime() <= clock.now().getTime()
}

function verifierOf(facts: RoleFacts): ScramVerifier | undefined {
  return facts.password === undefined ? undefined : parseScramVerifier(facts.password)
}

/** A role chooses the iterations of its verifier, up to 2³¹, minutes of work on our side; a million is half a second. */
const MOST_ITERATIONS = 1_000_000

/** One at a time: deriving takes a thread of the few that files and names need too. */
const deriving = new KeyedMutex<'password'>()

/** Whether a clear-text password belongs to a verifier; only for roles that have both a label and a password. */
function matches(verifier: ScramVerifier, password: string, signal: AbortSignal): Promise<boolean> {
  if (verifier.iterations > MOST_ITERATIONS) return Promise.resolve(false)
  // Nobody derives for a client that left while it waited for its turn.
  const turn = () => (signal.aborted ? Promise.resolve(false) : derivesTo(verifier, password))
  return abortable(deriving.run('password', turn), signal)
}

async function derivesTo(verifier: ScramVerifier, password: string): Promise<boolean> {
  const derived = await buildScramVerifier(password, { salt: verifier.salt, iterations: verifier.iterations })
  return timingSafeEqual(derived.storedKey, verifier.storedKey)
}

async function readAnswer({ reader, signal }: Challenger): Promise<Buffer> {
  const { type, body } = await reader.readMessage(signal)
  if (type !== PASSWORD_MESSAGE) {
    throw new LakeletError('startup_invalid', {
      reason: `expected password response, got message type ${type}`,
    })
  }
  return body
}

function readPassword(body: Buffer): Buffer {
  try {
    return decodePassword(body)
  } catch (error) {
    throw new LakeletError('startup_invalid', { reason: 'invalid password packet size' }, { cause: error })
  }
}
