// The catalogs of a Postgres server, over one connection as the superuser that is opened at the first question.
import type { Clock } from '../../base/clock.ts'
import { type AdminConnection, findLoginRole, type LoginRole, listLoginRoles } from '../../postgres/index.ts'
import { readActivity, type ServerActivity } from '../idle-check.ts'
import type { ServerCatalog } from './driver.ts'

/** Between two looks at whether sessions have ended. */
const POLL_MS = 2

const OTHERS = `backend_type IN ('client backend', 'walsender') AND pid <> pg_backend_pid()`

export class CatalogConnection implements ServerCatalog, AsyncDisposable {
  readonly #connect: () => Promise<AdminConnection>
  readonly #clock: Clock
  #opened: Promise<AdminConnection> | undefined

  constructor(connect: () => Promise<AdminConnection>, clock: Clock) {
    this.#connect = connect
    this.#clock = clock
  }

  async read<T>(work: (admin: AdminConnection) => Promise<T>): Promise<T> {
    this.#opened ??= this.#connect()
    const opened = this.#opened
    try {
      return await work(await opened)
    } catch (error) {
      await this.#close(opened)
      throw error
    }
  }

  activity(): Promise<ServerActivity> {
    return this.read(readActivity)
  }

  findLoginRole(name: string): Promise<LoginRole | undefined> {
    return this.read((admin) => findLoginRole(admin, name))
  }

  listLoginRoles(): Promise<LoginRole[]> {
    return this.read(listLoginRoles)
  }

  endSessions(withinMs: number): Promise<void> {
    return this.read(async (admin) => {
      await admin.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${OTHERS}`)
      const until = this.#clock.monotonicMs() + withinMs
      const left = async () => admin.query(`SELECT pid FROM pg_stat_activity WHERE ${OTHERS} LIMIT 1`)
      while (this.#clock.monotonicMs() < until && (await left()).length > 0) await this.#clock.sleep(POLL_MS)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close(this.#opened)
  }

  /** Unless somebody has opened another one meanwhile. */
  async #close(opened: Promise<AdminConnection> | undefined): Promise<void> {
    if (this.#opened === opened) this.#opened = undefined
    await opened?.then((admin) => admin[Symbol.asyncDispose]()).catch(() => undefined)
  }
}
