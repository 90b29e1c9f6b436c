// Which endpoint the client means and who it is, before anything is woken.
import { hash } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import { isLakeletError, LakeletError } from '../base/errors.ts'
import { untilAborted } from '../base/until-aborted.ts'
import type { Challenger } from './challenger.ts'
import type {
  AuthKind,
  EndpointQuery,
  GatewayControl,
  LocatedEndpoint,
  RoleFacts,
  Route,
  TokenPrincipal,
} from './control.ts'
import { authenticatePassword, type PasswordContext } from './password-login.ts'
import { endpointQuery } from './route.ts'
import type { SharedState } from './shared.ts'
import type { Startup } from './startup.ts'
import { askForToken, authenticateToken, isToken, takesToken, type TokenAnswer } from './token-login.ts'

/** Who came in, and to what. */
export interface Login {
  readonly located: LocatedEndpoint
  /** Undefined for who came with a password. */
  readonly principal: TokenPrincipal | undefined
  readonly route: Route
  readonly auth: AuthKind
  /** It is a moment of the past. */
  readonly isPast?: boolean
}

export interface LoginContext extends PasswordContext {
  readonly control: GatewayControl
  readonly shared: SharedState
  readonly clock: Clock
}

/** Nothing has been woken when this returns or throws; the answer to one wrong password after another comes later and later. */
export async function logIn(client: Challenger, startup: Startup, context: LoginContext): Promise<Login> {
  const { shared, clock } = context
  const key = failureKey(client.connection.address, startup.role)
  try {
    const login = await routeAndAuthenticate(client, startup, context)
    shared.loginSucceeded(key)
    return login
  } catch (error) {
    // Only passwords can be guessed; a client with a stale token should learn so at once.
    if (isLakeletError(error, 'password_wrong')) {
      const delayMs = await shared.loginFailed(key)
      if (delayMs > 0) await clock.sleep(delayMs, client.signal)
    }
    throw error
  }
}

async function routeAndAuthenticate(
  client: Challenger,
  { role, parameters }: Startup,
  context: LoginContext,
): Promise<Login> {
  const { control, clock } = context
  const query = endpointQuery(client.connection.sni, parameters)
  const located = await locate(query, client, control)
  const facts = located && usableFacts(located)
  if (located && facts !== undefined && !takesToken(role, facts)) {
    await authenticatePassword(client, facts, context)
    return { located, principal: undefined, route: routeOf(query) ?? 'only', auth: 'scram' }
  }
  const answer = await askForToken(client, control)
  const named = routeOf(query)
  const target = located && named ? located : await locateByToken(located, answer, client, control)
  const principal = await authenticateToken(client, answer, usableFacts(target), clock)
  const route = named ?? (target === located ? 'only' : 'token')
  return { located: target, principal, route, auth: principal ? 'token' : 'password' }
}

function routeOf({ sni, option }: EndpointQuery): 'sni' | 'option' | undefined {
  if (sni !== undefined) return 'sni'
  return option === undefined ? undefined : 'option'
}

/** Undefined: nothing was named and there are several. */
async function locate(
  query: EndpointQuery,
  { role, signal }: Challenger,
  control: GatewayControl,
): Promise<LocatedEndpoint | undefined> {
  const answer = await untilAborted(control.locate(query, role), signal)
  if (answer === 'unknown') throw new LakeletError('endpoint_unknown')
  return answer === 'ambiguous' ? undefined : answer
}

/** The endpoint that the token was made for; without one the only one there is, if `only` is. */
async function locateByToken(
  only: LocatedEndpoint | undefined,
  { password, principal }: TokenAnswer,
  client: Challenger,
  control: GatewayControl,
): Promise<LocatedEndpoint> {
  if (principal instanceof LakeletError) {
    if (only) return only
    // A password of a native role can only be judged where the endpoint is known; anything else is a token, and a wrong one.
    const isPassword = principal.code === 'token_not_jwt' && !isToken(password)
    throw isPassword && !takesToken(client.role, 'absent')
      ? new LakeletError('endpoint_unspecified')
      : principal
  }
  const { endpoint: token } = principal
  if (only && (token === undefined || token === only.endpoint.name)) return only
  if (token === undefined) throw new LakeletError('endpoint_unspecified')
  const located = await locate({ token }, client, control)
  if (!located) throw new LakeletError('endpoint_unknown')
  return located
}

/** A password counts only where the project has native logins switched on. */
function usableFacts({ role, allowsPasswords }: LocatedEndpoint): RoleFacts | 'absent' | undefined {
  if (role === undefined || role === 'absent' || allowsPasswords) return role
  const { password: _, ...others } = role
  return others
}

/** Of a fixed length, whatever name the client sent. */
function failureKey(address: string, role: string): string {
  return hash('sha256', `${address} ${role}`, 'base64url')
}
