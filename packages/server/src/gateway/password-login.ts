// Logging in with a password of the role's own: SCRAM-SHA-256(-PLUS). A role that does not exist, or has no password, goes through the same
// steps with values that cannot match, so that it cannot be told from a wrong password.
import {
  decodeSaslInitialResponse,
  encodeAuthenticationSasl,
  encodeAuthenticationSaslContinue,
  encodeAuthenticationSaslFinal,
  mockScramVerifier,
  ScramServer,
} from '@lakelet/wire'
import type { Clock } from '../base/clock.ts'
import { LakeletError } from '../base/errors.ts'
import { type Challenger, readAnswer } from './challenger.ts'
import type { RoleFacts } from './control.ts'
import { isExpired, verifierOf } from './role-checks.ts'

export interface PasswordContext {
  readonly clock: Clock
  /** Salts of roles that do not exist are derived from it. */
  readonly mockSecret: Uint8Array
  /** tls-server-end-point hash of our certificate. */
  readonly channelBinding: Buffer | undefined
}

/** Throws `password_wrong` or `role_without_login`. */
export async function authenticatePassword(
  client: Challenger,
  facts: RoleFacts | 'absent',
  { clock, mockSecret, channelBinding }: PasswordContext,
): Promise<void> {
  const { role, connection } = client
  const verifier = facts === 'absent' ? undefined : verifierOf(facts)
  const server = new ScramServer({
    verifier: verifier ?? mockScramVerifier(role, mockSecret),
    channelBinding,
  })
  client.onAsked('scram')
  connection.stream.write(encodeAuthenticationSasl(server.mechanisms))
  const { mechanism, data } = decodeSaslInitialResponse(await readAnswer(client))
  const challenge = server.start(mechanism, data ?? Buffer.alloc(0))
  connection.stream.write(encodeAuthenticationSaslContinue(challenge))
  const outcome = server.finish(await readAnswer(client))
  // An expired password is an expired password, whoever knows it (CVE-2025-2291 was a proxy that forgot).
  if (!outcome.ok || !verifier || facts === 'absent' || isExpired(facts, clock)) {
    throw new LakeletError('password_wrong', { role })
  }
  if (!facts.canLogin) throw new LakeletError('role_without_login', { role })
  connection.stream.write(encodeAuthenticationSaslFinal(outcome.serverFinal))
}
