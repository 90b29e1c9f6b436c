// The passwords that the workspace makes for roles without an identity, so that they can be shown again: Postgres itself keeps only what
// verifies one.
import { because, LakeletError } from '../../base/errors.ts'
import { hashOf } from '../../identity/secrets.ts'
import type { Sealer } from '../../identity/sealer.ts'
import type { Metadata } from '../../metadata/database.ts'
import { findRolePassword, insertRolePassword } from '../../metadata/role-passwords.ts'
import { type LoginRole, newRolePassword } from '../../postgres/index.ts'

export class RolePasswords {
  readonly #metadata: Metadata
  readonly #sealer: Sealer

  constructor(metadata: Metadata, sealer: Sealer) {
    this.#metadata = metadata
    this.#sealer = sealer
  }

  /** Makes a password and keeps it for as long as the project lives; returns its verifier, for the role that is to have it. */
  async make(projectUid: string): Promise<string> {
    const { password, verifier } = await newRolePassword()
    const hash = hashOf(verifier)
    const sealed = this.#sealer.seal(Buffer.from(password), placeOf(hash))
    await insertRolePassword(this.#metadata.db, { verifier_hash: hash, project_uid: projectUid, sealed })
    return verifier
  }

  /** The password of a role. LakeletError `role_password_unknown` for one that the workspace did not make, `secret_unreadable`. */
  async reveal({ name, identity, verifier }: LoginRole): Promise<string> {
    if (verifier === undefined || identity) {
      const reason = identity ? because('password_of_identity') : because('password_none')
      throw new LakeletError('role_password_unknown', { role: name, reason })
    }
    const hash = hashOf(verifier)
    const sealed = await findRolePassword(this.#metadata.db, hash)
    if (sealed === undefined) {
      const reason = because('password_by_sql')
      throw new LakeletError('role_password_unknown', { role: name, reason })
    }
    const password = this.#sealer.open(sealed, placeOf(hash))
    if (!password) throw new LakeletError('secret_unreadable', { secret: `the password of role ${name}` })
    return password.toString('utf8')
  }
}

function placeOf(hash: string): string {
  return `role-passwords/${hash}`
}
