// The versions of Postgres, with simulated clusters in the place of real ones; storage, computes and the control plane over them are real.
import { mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { systemClock } from '../../src/base/clock.ts'
import { LakeletError } from '../../src/base/errors.ts'
import { SimulatedDriver } from '../../src/computes/drivers/simulated.ts'
import {
  type AdminConnection,
  openPostgres,
  parseLsn,
  type PostgresVersion,
  PostgresVersions,
} from '../../src/postgres/index.ts'
import { BeyondLog, type RecoverPastOptions } from '../../src/postgres/recover-past.ts'
import type { Archives } from '../../src/storage/index.ts'
import { type ArchiveRecovery, ENDED_BEFORE, initialise, SimulatedCluster } from './cluster.ts'

/** Opens a data directory for simulated clusters. */
export async function openSimulated(dataDir: string): Promise<SimulatedPostgres> {
  const { host } = await openPostgres({ dataDir })
  return new SimulatedPostgres(host)
}

export class SimulatedPostgres extends PostgresVersions {
  /** Those that run, by their data directories. */
  readonly clusters = new Map<string, SimulatedCluster>()
  #lastCommit = 0n

  override async of(): Promise<PostgresVersion> {
    const template = path.join(this.host.home, 'simulated-template')
    const nothing = async () => undefined
    return {
      ...this.host,
      major: 17,
      version: 'simulated',
      prefix: this.host.home,
      async template() {
        rmSync(template, { recursive: true, force: true })
        mkdirSync(template, { mode: 0o700 })
        initialise(template)
        return template
      },
      extensions: nothing,
      recover: async (directory: string) => {
        const cluster = new SimulatedCluster(directory, { archives: false })
        cluster.shutDown()
        return cluster.recovered.lsn
      },
      recoverPast: (options: Omit<RecoverPastOptions, 'installation'>) => this.#recoverPast(options),
    } as unknown as PostgresVersion
  }

  override ofDirectory(): Promise<PostgresVersion> {
    return this.of()
  }

  override install(): Promise<PostgresVersion> {
    return this.of()
  }

  driver(archives: Archives): SimulatedDriver {
    const times = { startMs: 0, stopMs: 0 }
    return new SimulatedDriver(systemClock, times, {
      archives,
      open: (directory) => {
        const cluster = new SimulatedCluster(directory, { archives: true })
        this.clusters.set(directory, cluster)
        return {
          connect: () => new Connection(cluster, this),
          shutDown: () => {
            cluster.shutDown()
            this.clusters.delete(directory)
          },
          crash: () => {
            cluster.crash()
            this.clusters.delete(directory)
          },
        }
      },
    })
  }

  /** The time now, to the microsecond; each is later than the ones before. */
  now(): string {
    const now = BigInt(Date.now()) * 1000n
    this.#lastCommit = now > this.#lastCommit ? now : this.#lastCommit + 1n
    return microseconds(this.#lastCommit)
  }

  async #recoverPast(options: Omit<RecoverPastOptions, 'installation'>) {
    const { dataDirectory: directory, timeline, observe } = options
    const archive = path.join(directory, options.archive)
    const recovery = { timeline, archive, target: textOf(options.target) }
    let cluster: SimulatedCluster
    try {
      cluster = new SimulatedCluster(directory, { archives: false, recovery })
    } catch (error) {
      if ((error as Error).message !== ENDED_BEFORE)
        throw new LakeletError('compute_start_failed', { reason: (error as Error).message }, { cause: error })
      cluster = new SimulatedCluster(directory, { archives: false, recovery: { ...recovery, target: 'end' } })
      const { target } = options
      if ('lsn' in target && parseLsn(target.lsn) > parseLsn(cluster.recovered.lsn))
        throw new BeyondLog('beyond')
    }
    await observe?.(new Connection(cluster, this))
    cluster.shutDown()
    const { lsn, lastCommit } = cluster.recovered
    return { lsn, lastCommit, timeline: cluster.timeline }
  }
}

/** Times are compared as texts. */
function textOf(target: RecoverPastOptions['target']): ArchiveRecovery['target'] {
  return 'lsn' in target ? target : { time: microseconds(target.time) }
}

function microseconds(time: bigint): string {
  const seconds = new Date(Number(time / 1000n)).toISOString().slice(0, 19)
  return `${seconds}.${(time % 1_000_000n).toString().padStart(6, '0')}Z`
}

/** Answers what the workspace asks its clusters. */
class Connection implements AdminConnection {
  readonly #cluster: SimulatedCluster
  readonly #postgres: SimulatedPostgres
  readonly #slots: string[] = []
  #backup = ''

  constructor(cluster: SimulatedCluster, postgres: SimulatedPostgres) {
    this.#cluster = cluster
    this.#postgres = postgres
  }

  address(): never {
    throw new Error('a cluster in memory has no address')
  }

  async open(): Promise<AdminConnection> {
    return new Connection(this.#cluster, this.#postgres)
  }

  transaction<T>(work: () => Promise<T>): Promise<T> {
    return work()
  }

  async query<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return this.#answer(text, values) as Row[]
  }

  async execute(text: string): Promise<void> {
    await this.query(text)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const slot of this.#slots) this.#cluster.dropSlot(slot)
  }

  #answer(text: string, values: readonly unknown[]): object[] {
    const cluster = this.#cluster
    if (/FROM pg_authid|FROM pg_database/.test(text)) return []
    if (text.includes('pg_create_physical_replication_slot')) {
      this.#slots.push(String(values[0]))
      cluster.addSlot(String(values[0]))
      return []
    }
    if (text.includes('pg_backup_start')) {
      this.#backup = cluster.startBackup()
      return []
    }
    if (text.includes('pg_backup_stop'))
      return [{ ...cluster.stopBackup(this.#backup), time: new Date(this.#postgres.now()) }]
    if (text.includes('pg_current_xact_id')) {
      cluster.commit({ nothing: true }, this.#postgres.now())
      return []
    }
    if (text.includes('to_regclass')) return [{ t: 'public.t' }]
    if (text.startsWith('SELECT n FROM public.t'))
      return cluster.rows.toSorted((one, other) => one - other).map((n) => ({ n }))
    if (text.startsWith('CREATE TABLE')) {
      cluster.commit({ nothing: true }, this.#postgres.now())
      return []
    }
    if (/pg_current_wal_(insert|flush)_lsn/.test(text)) return [{ lsn: cluster.insertLsn }]
    throw new Error(`a simulated cluster has no answer to ${text}`)
  }
}
