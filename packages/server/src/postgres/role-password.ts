import { randomBytes } from 'node:crypto'
import { buildScramVerifier, formatScramVerifier } from '@lakelet/wire'
import { escapeLiteral } from 'pg'
import { type AdminConnection, identifier } from './admin.ts'

/** A random password of a role, with what CREATE ROLE … PASSWORD stores of it: `SCRAM-SHA-256$…`. */
export async function newRolePassword(): Promise<{ readonly password: string; readonly verifier: string }> {
  const password = randomBytes(24).toString('base64url')
  return { password, verifier: formatScramVerifier(await buildScramVerifier(password)) }
}

/** Gives a role the password that `verifier` was made of. */
export async function setVerifier(admin: AdminConnection, name: string, verifier: string): Promise<void> {
  await admin.execute(`ALTER ROLE ${identifier(name)} PASSWORD ${escapeLiteral(verifier)}`)
}
