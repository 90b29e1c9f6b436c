// The catalogs of a Postgres server, over one connection as the superuser that is opened at the first question.
import type { Clock } from '../../base/clock.ts'
import {
  ADMIN_ROLE,
  type AdminConnection,
  findLoginRole,
  type LoginRole,
  listLoginRoles,
  parseLsn,
  STANDBY_APPLICATION,
} from '../../postgres/index.ts'
import { readActivity, type ServerActivity } from '../idle-check.ts'
import type { ReplayStatus, ServerCatalog } from './driver.ts'

/** Between two looks at whether sessions have ended. */
const POLL_MS = 2

/** Our own standbys are sent all before the server stops. */
const OTHERS = `backend_type IN ('client backend', 'walsender') AND pid <> pg_backend_pid()
  AND NOT (usename = '${ADMIN_ROLE}' AND application_name = '${STANDBY_APPLICATION}')`

const REPLAY = `
  SELECT pg_is_in_recovery() AS standby, pg_last_wal_replay_lsn()::text AS lsn, pg_last_xact_replay_timestamp() AS at,
    EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming') AS streaming`

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

  replay(): Promise<ReplayStatus | undefined> {
    return this.read(async (admin) => {
      const [row] = await admin.query<{
        standby: boolean
        lsn: string | null
        at: Date | null
        streaming: boolean
      }>(REPLAY)
      if (!row?.standby) return undefined
      return {
        replayedLsn: parseLsn(row.lsn ?? '0/0'),
        isStreaming: row.streaming,
        lastCommit: row.at ?? undefined,
      }
    })
  }

  endOfLog(): Promise<bigint> {
    return this.read(async (admin) => {
      const [row] = await admin.query<{ lsn: string }>('SELECT pg_current_wal_flush_lsn()::text AS lsn')
      return parseLsn(row?.lsn ?? '0/0')
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
