// Which user of the operating system each app is. The number is stored with the app, since files belong to it.
import { type AppRow, findApp, listApps, updateApp } from '../metadata/apps.ts'
import type { Metadata } from '../metadata/database.ts'
import { type Account, accountRange, drawAccount } from './account.ts'

/** Looks whether apps can be users of their own. */
export async function openAppAccounts(metadata: Metadata): Promise<AppAccounts> {
  return new AppAccounts(metadata, await accountRange())
}

export class AppAccounts {
  readonly #metadata: Metadata
  readonly #range: Awaited<ReturnType<typeof accountRange>>

  constructor(metadata: Metadata, range: Awaited<ReturnType<typeof accountRange>>) {
    this.#metadata = metadata
    this.#range = range
  }

  /** Whether each app is a user of its own; else all are who the workspace is. */
  get areSeparate(): boolean {
    return this.#range !== undefined
  }

  /** The user ids that accounts are drawn from. */
  get range(): Awaited<ReturnType<typeof accountRange>> {
    return this.#range
  }

  /** The account of an app, given to it the first time; undefined where apps are who the workspace is. */
  async of(app: Pick<AppRow, 'name' | 'os_uid'>): Promise<Account | undefined> {
    const range = this.#range
    if (!range) return undefined
    const known = app.os_uid ?? (await findApp(this.#metadata.db, app.name))?.os_uid
    if (known !== null && known !== undefined) return { uid: known, gid: known }
    const uid = await this.#metadata.transaction(async (queries) => {
      const rows = await listApps(queries)
      const meanwhile = rows.find((row) => row.name === app.name)?.os_uid
      if (meanwhile !== null && meanwhile !== undefined) return meanwhile
      const drawn = drawAccount(range, new Set(rows.flatMap((row) => row.os_uid ?? [])))
      await updateApp(queries, app.name, { os_uid: drawn })
      return drawn
    })
    return { uid, gid: uid }
  }

  /** The accounts that were given so far. */
  async known(): Promise<Account[]> {
    if (!this.#range) return []
    const rows = await listApps(this.#metadata.db)
    return rows.flatMap(({ os_uid: uid }) => (uid === null ? [] : [{ uid, gid: uid }]))
  }
}
