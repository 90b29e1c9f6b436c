// Secret scopes over the REST API.
import type { CreateScopeBody, PutSecretBody } from '@lakelet/api'
import type { Caller } from '../../base/caller.ts'
import { because, LakeletError } from '../../base/errors.ts'
import { type Directory, type Principal, USERS_GROUP } from '../../identity/directory.ts'
import type { SecretPermission, SecretScopes } from '../../identity/secret-scopes.ts'

const BACKEND = 'DATABRICKS'

export class SecretsService {
  readonly #scopes: SecretScopes
  readonly #directory: Directory

  constructor(scopes: SecretScopes, directory: Directory) {
    this.#scopes = scopes
    this.#directory = directory
  }

  async createScope(caller: Caller, body: CreateScopeBody): Promise<void> {
    if ((body.scope_backend_type || BACKEND) !== BACKEND || body.backend_azure_keyvault) {
      throw new LakeletError('feature_disabled', {
        feature: 'Secret scopes that are kept in Azure Key Vault',
      })
    }
    await this.#scopes.create(body.scope, this.#managers(caller, body.initial_manage_principal))
  }

  async listScopes(caller: Caller) {
    const names = await this.#scopes.list(caller)
    return names.length === 0 ? {} : { scopes: names.map((name) => ({ name, backend_type: BACKEND })) }
  }

  async deleteScope(caller: Caller, scope: string): Promise<void> {
    await this.#scopes.delete(caller, scope)
  }

  async put(caller: Caller, body: PutSecretBody): Promise<void> {
    await this.#scopes.put(caller, body.scope, body.key, valueOf(body))
  }

  async delete(caller: Caller, scope: string, key: string): Promise<void> {
    await this.#scopes.remove(caller, scope, key)
  }

  async get(caller: Caller, scope: string, key: string) {
    return { key, value: (await this.#scopes.read(caller, scope, key)).toString('base64') }
  }

  async list(caller: Caller, scope: string) {
    const secrets = await this.#scopes.secrets(caller, scope)
    if (secrets.length === 0) return {}
    return { secrets: secrets.map((each) => ({ key: each.key, last_updated_timestamp: each.updatedAt })) }
  }

  async putAcl(caller: Caller, scope: string, name: string, permission: SecretPermission): Promise<void> {
    await this.#scopes.require(caller, scope, 'MANAGE')
    await this.#scopes.grant(caller, scope, this.#principal(name), permission)
  }

  async deleteAcl(caller: Caller, scope: string, name: string): Promise<void> {
    await this.#scopes.require(caller, scope, 'MANAGE')
    await this.#scopes.revoke(caller, scope, this.#principal(name))
  }

  async getAcl(caller: Caller, scope: string, name: string) {
    const acls = await this.#scopes.acls(caller, scope)
    const { id } = this.#principal(name)
    const found = acls.find(({ principal }) => principal.id === id)
    if (!found) throw new LakeletError('acl_missing', { scope, principal: name })
    return { principal: found.principal.name, permission: found.permission }
  }

  async listAcls(caller: Caller, scope: string) {
    const acls = await this.#scopes.acls(caller, scope)
    if (acls.length === 0) return {}
    return { items: acls.map(({ principal, permission }) => ({ principal: principal.name, permission })) }
  }

  #managers(caller: Caller, initial: string | undefined): Principal[] {
    if (initial === undefined || initial === '') return [this.#caller(caller)]
    if (initial === USERS_GROUP) return [this.#principal(USERS_GROUP)]
    throw new LakeletError('invalid_parameter', {
      reason: because('initial_manager', { users: USERS_GROUP, given: initial }),
    })
  }

  #caller({ kind, id }: Caller): Principal {
    return this.#directory.require(kind, id)
  }

  /** A user's e-mail address, a service principal's application id or a group's name: the API does not say which. */
  #principal(name: string): Principal {
    const found =
      this.#directory.find('user', name) ??
      this.#directory.find('service_principal', name) ??
      this.#directory.find('group', name)
    if (!found) throw new LakeletError('named_principal_not_found', { kind: 'Principal', name })
    return found
  }
}

function valueOf({ string_value: text, bytes_value: bytes }: PutSecretBody): Buffer {
  if (text && bytes) {
    throw new LakeletError('invalid_parameter', {
      reason: because('only_one_of', { fields: "'string_value' and 'bytes_value'" }),
    })
  }
  if (!bytes) return Buffer.from(text ?? '', 'utf8')
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(bytes)) {
    throw new LakeletError('invalid_parameter', { reason: because('not_base64', { field: 'bytes_value' }) })
  }
  return Buffer.from(bytes, 'base64')
}
