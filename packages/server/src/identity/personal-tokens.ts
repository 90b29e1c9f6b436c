// Personal access tokens (`dapi…`). All of them are kept in memory by their hash: every request with one is a lookup.
import type { Caller } from '../base/caller.ts'
import type { Clock } from '../base/clock.ts'
import { LakeletError } from '../base/errors.ts'
import { randomHex } from '../base/ids.ts'
import type { Metadata } from '../metadata/database.ts'
import {
  deletePersonalToken,
  insertPersonalToken,
  listPersonalTokens,
  type PersonalTokenRow,
  updatePersonalToken,
} from '../metadata/tokens.ts'
import type { Directory } from './directory.ts'
import { hashOf, RecentSecrets } from './secrets.ts'

/** How every personal access token begins. */
export const PERSONAL_TOKEN_PREFIX = 'dapi'
const CONFIG_FILE_COMMENT = 'lakelet: the configuration file of the owner'

export interface PersonalToken {
  readonly id: string
  readonly principalId: number
  readonly comment: string
  readonly scopes: readonly string[]
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly expiresAt: number | undefined
}

export async function openPersonalTokens(options: {
  readonly metadata: Metadata
  readonly clock: Clock
  readonly directory: Directory
}): Promise<PersonalTokens> {
  const tokens = new PersonalTokens(options.metadata, options.clock, options.directory)
  await tokens.reload()
  return tokens
}

export class PersonalTokens {
  readonly #metadata: Metadata
  readonly #clock: Clock
  readonly #directory: Directory
  readonly #recent = new RecentSecrets<PersonalToken>()
  #byHash: ReadonlyMap<string, PersonalToken> = new Map()

  constructor(metadata: Metadata, clock: Clock, directory: Directory) {
    this.#metadata = metadata
    this.#clock = clock
    this.#directory = directory
  }

  /** The living token with that value. */
  find(value: string): PersonalToken | undefined {
    const token = this.#recent.get(value) ?? this.#byHash.get(hashOf(value))
    if (!token || !this.#lives(token)) {
      this.#recent.delete(value)
      return undefined
    }
    this.#recent.set(value, token)
    return token
  }

  list(caller: Pick<Caller, 'id'>): PersonalToken[] {
    return [...this.#byHash.values()].filter((token) => token.principalId === caller.id && this.#lives(token))
  }

  /** Makes a token; its value is given this once. */
  async create(
    owner: Pick<Caller, 'id'>,
    options: {
      readonly comment?: string | undefined
      readonly lifetimeSeconds?: number | undefined
      readonly scopes?: readonly string[] | undefined
    } = {},
  ): Promise<{ readonly value: string; readonly token: PersonalToken }> {
    const value = `${PERSONAL_TOKEN_PREFIX}${randomHex(16)}`
    const now = this.#clock.now().getTime()
    const id = randomHex(32)
    await insertPersonalToken(this.#metadata.db, {
      id,
      principal_id: owner.id,
      hash: hashOf(value),
      comment: options.comment ?? '',
      scopes: JSON.stringify(options.scopes ?? []),
      created_at: now,
      expires_at: options.lifetimeSeconds === undefined ? null : now + options.lifetimeSeconds * 1000,
    })
    await this.reload()
    return { value, token: this.#require(owner, id) }
  }

  /** Changes the comment or the scopes; LakeletError `token_not_found`. */
  async update(
    owner: Pick<Caller, 'id'>,
    id: string,
    changes: { readonly comment?: string; readonly scopes?: readonly string[] },
  ): Promise<PersonalToken> {
    this.#require(owner, id)
    const scopes = changes.scopes && JSON.stringify(changes.scopes)
    const columns = {
      ...(changes.comment === undefined ? {} : { comment: changes.comment }),
      ...(scopes === undefined ? {} : { scopes }),
    }
    if (Object.keys(columns).length > 0) await updatePersonalToken(this.#metadata.db, id, columns)
    await this.reload()
    return this.#require(owner, id)
  }

  /** Ends a token of `owner`; LakeletError `token_not_found`. */
  async revoke(owner: Pick<Caller, 'id'>, id: string): Promise<void> {
    this.#require(owner, id)
    await deletePersonalToken(this.#metadata.db, id)
    await this.reload()
  }

  /** The owner's token for the configuration file: `current` while it works, else a new one that replaces the last. */
  async ensureForConfigFile(owner: Pick<Caller, 'id'>, current: string | undefined): Promise<string> {
    if (current !== undefined && this.find(current)?.principalId === owner.id) return current
    const before = this.list(owner).filter((token) => token.comment === CONFIG_FILE_COMMENT)
    for (const token of before) await this.revoke(owner, token.id)
    return (await this.create(owner, { comment: CONFIG_FILE_COMMENT })).value
  }

  /** Reads the stored tokens again. */
  async reload(): Promise<void> {
    const rows = await listPersonalTokens(this.#metadata.db)
    this.#recent.clear()
    this.#byHash = new Map(rows.map((row) => [row.hash, tokenOf(row)]))
  }

  #lives(token: PersonalToken): boolean {
    const ended = token.expiresAt !== undefined && token.expiresAt <= this.#clock.now().getTime()
    return !ended && this.#directory.get(token.principalId) !== undefined
  }

  #require(owner: Pick<Caller, 'id'>, id: string): PersonalToken {
    const token = this.list(owner).find((each) => each.id === id)
    if (!token) throw new LakeletError('token_not_found', { id })
    return token
  }
}

function tokenOf(row: PersonalTokenRow): PersonalToken {
  return {
    id: row.id,
    principalId: row.principal_id,
    comment: row.comment,
    scopes: JSON.parse(row.scopes) as string[],
    createdAt: row.created_at,
    expiresAt: row.expires_at ?? undefined,
  }
}
