import { randomBytes } from 'node:crypto'
import { buildScramVerifier, formatScramVerifier } from '@lakelet/wire'

/** A random password of a role, with what CREATE ROLE … PASSWORD stores of it: `SCRAM-SHA-256$…`. */
export async function newRolePassword(): Promise<{ readonly password: string; readonly verifier: string }> {
  const password = randomBytes(24).toString('base64url')
  return { password, verifier: formatScramVerifier(await buildScramVerifier(password)) }
}
