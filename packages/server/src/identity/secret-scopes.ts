// Secret scopes: named sets of values that are stored sealed, each with a list of who may read, write or manage it.
import type { Caller } from '../base/caller.ts'
import type { Clock } from '../base/clock.ts'
import { because, LakeletError } from '../base/errors.ts'
import type { Metadata } from '../metadata/database.ts'
import {
  deleteScope,
  deleteScopeSecret,
  deleteSecretAcl,
  findScopeSecret,
  insertScope,
  listScopeNames,
  listScopeSecrets,
  listSecretAcls,
  putScopeSecret,
  putSecretAcl,
  type SecretAclRow,
} from '../metadata/secret-scopes.ts'
import type { Directory, Principal } from './directory.ts'
import type { Sealer } from './sealer.ts'

export type SecretPermission = SecretAclRow['permission']

const RANK: Readonly<Record<SecretPermission, number>> = { READ: 1, WRITE: 2, MANAGE: 3 }

/** Scopes of a workspace, secrets of a scope, and bytes of a value, as on Databricks. */
const MOST_SCOPES = 1000
const MOST_SECRETS = 1000
const LARGEST_VALUE = 128 * 1024

export interface SecretInfo {
  readonly key: string
  /** Milliseconds since 1970. */
  readonly updatedAt: number
}

export class SecretScopes {
  readonly #metadata: Metadata
  readonly #clock: Clock
  readonly #directory: Directory
  readonly #sealer: Sealer

  constructor(metadata: Metadata, clock: Clock, directory: Directory, sealer: Sealer) {
    this.#metadata = metadata
    this.#clock = clock
    this.#directory = directory
    this.#sealer = sealer
  }

  /** Names of the scopes that the caller may read, in order. */
  async list(caller: Caller): Promise<string[]> {
    const [names, acls] = await Promise.all([listScopeNames(this.#metadata.db), this.#permissions()])
    return names.filter((name) => this.#levelIn(acls, caller, name) !== undefined)
  }

  /** Makes a scope that `managers` manage. LakeletError `scope_exists` or `limit_reached`. */
  async create(name: string, managers: readonly Principal[]): Promise<void> {
    await this.#metadata.transaction(async (queries) => {
      const names = await listScopeNames(queries)
      if (names.length >= MOST_SCOPES) {
        throw new LakeletError('limit_reached', { what: 'Secret scopes', limit: MOST_SCOPES })
      }
      if (!(await insertScope(queries, name))) throw new LakeletError('scope_exists', { scope: name })
      for (const { id } of managers) {
        await putSecretAcl(queries, 'secret_acls', { scope: name, principal_id: id, permission: 'MANAGE' })
      }
    })
  }

  /** Removes a scope with its secrets and its access list. */
  async delete(caller: Caller, scope: string): Promise<void> {
    await this.require(caller, scope, 'MANAGE')
    await deleteScope(this.#metadata.db, scope)
  }

  /** The secrets of a scope without their values, by key. */
  async secrets(caller: Caller, scope: string): Promise<SecretInfo[]> {
    await this.require(caller, scope, 'READ')
    const rows = await listScopeSecrets(this.#metadata.db, scope)
    return rows.map((row) => ({ key: row.key, updatedAt: row.updated_at }))
  }

  /** LakeletError `scope_secret_missing`, or `secret_unreadable` when its key is gone from the data directory. */
  async read(caller: Caller, scope: string, key: string): Promise<Buffer> {
    await this.require(caller, scope, 'READ')
    return this.value(scope, key)
  }

  /** The same for whom the workspace itself has let in. */
  async value(scope: string, key: string): Promise<Buffer> {
    const row = await findScopeSecret(this.#metadata.db, scope, key)
    if (!row) throw new LakeletError('scope_secret_missing', { scope, key })
    const value = this.#sealer.open(row.sealed, placeOf(scope, key))
    if (!value) throw new LakeletError('secret_unreadable', { secret: `${scope}/${key}` })
    return value
  }

  /** Stores a value, in place of the one before. LakeletError `invalid_parameter` for one that is too large, or `limit_reached`. */
  async put(caller: Caller, scope: string, key: string, value: Uint8Array): Promise<void> {
    await this.require(caller, scope, 'WRITE')
    if (value.length > LARGEST_VALUE) {
      const reason = because('secret_too_large', { size: value.length, most: LARGEST_VALUE })
      throw new LakeletError('invalid_parameter', { reason })
    }
    const sealed = this.#sealer.seal(value, placeOf(scope, key))
    await this.#metadata.transaction(async (queries) => {
      const keys = (await listScopeSecrets(queries, scope)).map((row) => row.key)
      if (keys.length >= MOST_SECRETS && !keys.includes(key)) {
        throw new LakeletError('limit_reached', { what: 'Secrets of a scope', limit: MOST_SECRETS })
      }
      await putScopeSecret(queries, { scope, key, sealed, updated_at: this.#clock.now().getTime() })
    })
  }

  async remove(caller: Caller, scope: string, key: string): Promise<void> {
    await this.require(caller, scope, 'WRITE')
    if (await deleteScopeSecret(this.#metadata.db, scope, key)) return
    throw new LakeletError('scope_secret_missing', { scope, key })
  }

  /** Who was given what on a scope. */
  async acls(
    caller: Caller,
    scope: string,
  ): Promise<{ readonly principal: Principal; readonly permission: SecretPermission }[]> {
    await this.require(caller, scope, 'MANAGE')
    const acls = await listSecretAcls(this.#metadata.db, 'secret_acls')
    return acls
      .filter((acl) => acl.scope === scope)
      .flatMap(({ principal_id: id, permission }) => {
        const principal = this.#directory.get(id)
        return principal ? [{ principal, permission }] : []
      })
      .sort((left, right) => (left.principal.name < right.principal.name ? -1 : 1))
  }

  async grant(
    caller: Caller,
    scope: string,
    principal: Principal,
    permission: SecretPermission,
  ): Promise<void> {
    await this.require(caller, scope, 'MANAGE')
    const row = { scope, principal_id: principal.id, permission }
    await putSecretAcl(this.#metadata.db, 'secret_acls', row)
  }

  /** LakeletError `acl_missing` when the principal has no line of its own. */
  async revoke(caller: Caller, scope: string, principal: Principal): Promise<void> {
    await this.require(caller, scope, 'MANAGE')
    if (await deleteSecretAcl(this.#metadata.db, 'secret_acls', scope, principal.id)) return
    throw new LakeletError('acl_missing', { scope, principal: principal.name })
  }

  /** What the workspace gives an app by its resources; no line of the access list, which is its managers'. */
  async attach(scope: string, principal: Principal, permission: SecretPermission): Promise<void> {
    const row = { scope, principal_id: principal.id, permission }
    await putSecretAcl(this.#metadata.db, 'secret_attachments', row)
  }

  /** Takes that away again; nothing that is not there is no error. */
  async detach(scope: string, principal: Principal): Promise<void> {
    await deleteSecretAcl(this.#metadata.db, 'secret_attachments', scope, principal.id)
  }

  /** LakeletError `secret_scope_missing` for no such scope and for one on which the caller has nothing, `permission_denied` for too little. */
  async require(caller: Caller, scope: string, wanted: SecretPermission): Promise<void> {
    const names = await listScopeNames(this.#metadata.db)
    const level = this.#levelIn(await this.#permissions(), caller, scope)
    if (!names.includes(scope) || !level) throw new LakeletError('secret_scope_missing', { scope })
    if (RANK[level] < RANK[wanted]) {
      const action = `${WORDS[wanted]} the secret scope ${scope} (it takes ${wanted}, and yours is ${level})`
      throw new LakeletError('permission_denied', { action })
    }
  }

  /** What was given on all scopes, to people and to apps. */
  async #permissions(): Promise<SecretAclRow[]> {
    const { db } = this.#metadata
    return [...(await listSecretAcls(db, 'secret_acls')), ...(await listSecretAcls(db, 'secret_attachments'))]
  }

  #levelIn(acls: readonly SecretAclRow[], caller: Caller, scope: string): SecretPermission | undefined {
    if (caller.isAdmin) return 'MANAGE'
    const principal = this.#directory.get(caller.id)
    if (!principal) return undefined
    const mine = new Set([caller.id, ...this.#directory.groupsOf(principal).map(({ id }) => id)])
    return acls
      .filter((acl) => acl.scope === scope && mine.has(acl.principal_id))
      .map(({ permission }) => permission)
      .sort((a, b) => RANK[b] - RANK[a])[0]
  }
}

const WORDS: Readonly<Record<SecretPermission, string>> = {
  READ: 'read',
  WRITE: 'write to',
  MANAGE: 'manage',
}

/** What a sealed value belongs to; scope names have no slash. */
function placeOf(scope: string, key: string): string {
  return `secrets/${scope}/${key}`
}
