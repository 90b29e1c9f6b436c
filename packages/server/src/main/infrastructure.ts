// What a workspace runs on, made before anything of it runs: its log, its store, its certificates, Postgres.
import { sweepNotedPartials } from '../base/bundle/partials.ts'
import { Changes } from '../base/changes.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import type { Config } from '../base/config.ts'
import { randomNumericId } from '../base/ids.ts'
import { createLogger, type Logger } from '../base/log.ts'
import { LogFile } from '../base/log-file.ts'
import { partialNotesOf } from '../control/recovery/back-up.ts'
import { agreeWithBranches, refuseLostMetadata } from '../control/recovery/check-start.ts'
import { type Metadata, openMetadata } from '../metadata/database.ts'
import { settingOrCreate } from '../metadata/settings.ts'
import { DEFAULT_MAJOR, openPostgres, type PostgresVersions } from '../postgres/index.ts'
import { BranchFiles, startStorage, type Storage } from '../storage/index.ts'
import { type Certificates, loadCertificates } from './certificates.ts'
import type { DataDirectory } from './data-directory.ts'
import { type HostNames, probeHostNames } from './host-names.ts'

/** Size at which the log is turned over, and how many older ones stay. */
const LOG_BYTES = 10 * 1024 * 1024
const LOGS_KEPT = 3

export interface Infrastructure {
  readonly clock: Clock
  readonly log: Logger
  readonly hostNames: HostNames
  readonly certificates: Certificates
  readonly postgres: PostgresVersions
  readonly metadata: Metadata
  /** What changed, of everything the workspace has. */
  readonly changes: Changes
  readonly storage: Storage
  readonly workspaceId: string
  /** What a person should know about what was found in the data directory, one sentence each. */
  readonly notices: readonly string[]
}

/** Opens or makes all of it; what must be closed again is added to `starting`. */
export async function startInfrastructure(
  host: string,
  directory: DataDirectory,
  config: Config,
  starting: AsyncDisposableStack,
): Promise<Infrastructure> {
  const clock = systemClock
  const changes = new Changes()
  const log = openLog(directory, config, starting)
  const metadataFile = directory.file('metadata.sqlite')
  await sweepNotedPartials(partialNotesOf(directory.path), (partial, error) =>
    log.warn({ err: error, partial }, 'what a backup that was cut off left cannot be removed'),
  )
  await refuseLostMetadata(metadataFile, new BranchFiles(directory.path))
  const postgres = await openPostgres({ dataDir: directory.path, installation: config.postgres.installation })
  const version = await postgres.of(DEFAULT_MAJOR)
  // The first time it runs initdb; everything below does its work meanwhile.
  const opening = startStorage({ postgres, log: log.child({ component: 'storage' }) })
  // A start that fails below leaves nothing running behind.
  starting.defer(() => opening.then(ignore, ignore))
  const preparing = version.extensions(log.child({ component: 'postgres' }))
  starting.defer(() => preparing.then(ignore, ignore))
  const metadata = starting.use(await openMetadata(metadataFile, changes))
  // Disposed just before the store is closed: what was stored last is in a backup too.
  starting.defer(() => backUpAtStop(metadata, log))
  const hostNames = await probeHostNames({ host, ...config })
  const certificates = await loadCertificates(directory.file('tls'), hostNames.certificateNames, clock)
  const storage = await opening
  await preparing
  const workspaceId = await settingOrCreate(metadata.db, 'workspace_id', () => String(randomNumericId()))
  const { files } = storage
  const notices = await agreeWithBranches({ metadata, metadataFile, files, log, now: clock.now() })
  return {
    clock,
    log,
    hostNames,
    certificates,
    postgres,
    metadata,
    changes,
    storage,
    workspaceId,
    notices,
  }
}

async function backUpAtStop(metadata: Metadata, log: Logger): Promise<void> {
  await metadata
    .backUp()
    .catch((error: unknown) => log.warn({ err: error }, 'the metadata was not backed up'))
}

function ignore(): void {}

/**
 * The log of the workspace is a file: the terminal belongs to the person who started it. It is written beside the event loop, so that a slow
 * disk holds up nobody; it is turned over while the workspace runs, and what a full disk does not take is dropped and said.
 */
function openLog(directory: DataDirectory, config: Config, starting: AsyncDisposableStack): Logger {
  const destination = starting.use(
    new LogFile(directory.file('lakelet.log'), { maxBytes: LOG_BYTES, kept: LOGS_KEPT, isJson: true }),
  )
  return createLogger({ level: config.log.level, destination })
}
