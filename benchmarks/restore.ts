// Bringing back a moment of the past: a base and 128 MB of log after it, from the call to the first row of the restored branch. Peer: the
// commands of the Postgres documentation, a copy of the base and a restore_command, flushed.
import { execFile } from 'node:child_process'
import { appendFile, chmod, mkdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { createLogger } from '../packages/server/src/base/log.ts'
import {
  type AdminConnection,
  connectAdmin,
  DEFAULT_MAJOR,
  openPostgres,
  ownerOf,
  socketDirectoryFor,
  startCluster,
} from '../packages/server/src/postgres/index.ts'
import { startStorage } from '../packages/server/src/storage/index.ts'
import { BarePostgres } from './bare-postgres.ts'
import { fillSql, openPlaces, type Place } from './disks.ts'
import {
  type BenchmarkOptions,
  type BenchmarkResult,
  type Contestant,
  compare,
  progress,
  type Row,
  timed,
} from './measure.ts'

const ROUNDS = 5
/** Of one comparison. */
const BUDGET_MS = 90_000
const LOG_BYTES = 128 * 1024 ** 2
const MOST_MS = 2000
const PARENT = 'br-parent'
const QUERY = 'SELECT count(*) FROM pg_class'
const run = promisify(execFile)
const log = createLogger({ level: 'silent' })

export async function restore({ sizes }: BenchmarkOptions): Promise<BenchmarkResult> {
  await using stack = new AsyncDisposableStack()
  const rows: Row[] = []
  const goals = []
  for (const place of await openPlaces(stack, Math.max(...sizes))) {
    for (const size of sizes) {
      const measured = await measure(place, size)
      rows.push(...measured)
      const own = measured.find(({ ratio }) => ratio !== undefined)
      if (own && place.sharesBlocks)
        goals.push({ text: `${own.measure}: at most 2 s at p50`, isMet: own.p50 <= MOST_MS })
    }
  }
  return { rows, goals }
}

async function measure(place: Place, size: number): Promise<Row[]> {
  await using stack = new AsyncDisposableStack()
  progress(`${place.name}, ${size} GB: making the parent and its log`)
  const dataDir = path.join(place.directory, `restore-${size}`)
  await mkdir(dataDir, { mode: 0o711 })
  stack.defer(() => rm(dataDir, { recursive: true, force: true }))
  const postgres = await openPostgres({ dataDir })
  const installation = await postgres.of(DEFAULT_MAJOR)
  const storage = await startStorage({ postgres, log })
  await storage.create(PARENT)
  const awake = (dataDirectory: string) =>
    startCluster({
      installation,
      dataDirectory,
      socketDirectory: socketDirectoryFor(installation, dataDirectory),
      settings: { maxCu: 1 },
      logFile: `${dataDirectory}.log`,
      log,
    })
  const cluster = stack.use(await awake(storage.dataDirectory(PARENT)))
  const connect = () => connectAdmin(cluster.address, { database: 'databricks_postgres' })
  const admin = stack.use(await connect())
  for (const statement of fillSql(size)) await admin.execute(statement)
  const base = await storage.history.takeBase(storage.paths(PARENT), connect)
  if (!base) throw new Error('there is no base')
  const lsn = await writeLog(admin)
  const moment = { lsn }
  // All that leads there is in the archive from now on, for both.
  await storage.cloneAt('br-first', PARENT, { moment, connect })

  const bare = new BarePostgres(installation, path.join(dataDir, 'bare'))
  const { archive } = storage.paths(PARENT)
  const byHand = { base: base.data, archive, lsn, owner: ownerOf(installation) }
  let made = 0
  const own: Contestant = {
    name: 'lakelet restore',
    async sample() {
      const uid = `br-${(made += 1)}`
      const ms = await timed(async () => {
        await storage.cloneAt(uid, PARENT, { moment, connect })
        await using restored = await awake(storage.dataDirectory(uid))
        await using asking = await connectAdmin(restored.address)
        await asking.query(QUERY)
      })
      await storage.remove(uid)
      return ms
    },
  }
  return await compare(
    `${place.name}, ${size} GB and 128 MB of log: restore → first query`,
    'ms',
    [restoredByHand(bare, byHand), own],
    { rounds: ROUNDS, warmups: 1, budgetMs: BUDGET_MS },
  )
}

interface ByHand {
  readonly base: string
  readonly archive: string
  readonly lsn: string
  readonly owner: { readonly uid: number; readonly gid: number }
}

function restoredByHand(bare: BarePostgres, from: ByHand): Contestant {
  return {
    name: 'cp, restore_command, sync',
    isPeer: true,
    async sample() {
      const ms = await timed(async () => {
        await prepareByHand(bare.directory, from)
        await bare.startAndAsk(QUERY)
        await run('sync', ['-f', bare.directory])
      })
      await bare.stop()
      await rm(bare.directory, { recursive: true })
      return ms
    },
  }
}

/** Writes 128 MB of log with small rows; gives where it ends, in a segment that is complete. */
async function writeLog(admin: AdminConnection): Promise<string> {
  const position = async () => {
    const [row] = await admin.query<{ lsn: string; at: string }>(
      "SELECT pg_current_wal_insert_lsn()::text AS lsn, (pg_current_wal_insert_lsn() - '0/0')::text AS at",
    )
    if (!row) throw new Error('no row')
    return { lsn: row.lsn, at: Number(row.at) }
  }
  const { at } = await position()
  await admin.execute('CREATE TABLE public.written (id bigserial PRIMARY KEY, filler text)')
  let end = await position()
  while (end.at - at < LOG_BYTES) {
    await admin.execute(
      "INSERT INTO public.written (filler) SELECT repeat('x', 100) FROM generate_series(1, 2000)",
    )
    end = await position()
  }
  await admin.execute('SELECT pg_switch_wal()')
  await admin.execute('INSERT INTO public.written (filler) VALUES (1)')
  return end.lsn
}

/** What the documentation says to do, in `directory`, which a bare server is then started in. */
async function prepareByHand(directory: string, { base, archive, lsn, owner }: ByHand): Promise<void> {
  const data = path.join(directory, 'data')
  await mkdir(directory)
  await run('cp', ['-a', '--reflink=never', base, data])
  await writeFile(path.join(data, 'recovery.signal'), '')
  await writeFile(path.join(data, 'pg_hba.conf'), 'local all all trust\n')
  await appendFile(
    path.join(data, 'postgresql.conf'),
    `archive_mode = off\nrecovery_target_lsn = '${lsn}'\nrecovery_target_action = promote\nhot_standby = off\nrestore_command = 'cp "${archive}/%f" "%p"'\n`,
  )
  await mkdir(path.join(data, 'pg_wal', 'archive_status'), { recursive: true })
  await run('chown', ['-R', `${owner.uid}:${owner.gid}`, directory])
  await chmod(directory, 0o700)
}
