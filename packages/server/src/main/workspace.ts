// A workspace from start to stop. The order of starting is the order of what needs what; stopping is its reverse: first no new
// Postgres connections, then the API, the apps, the computes, and the store last.
import { renameSync, statSync } from 'node:fs'
import { pino } from 'pino'
import { systemClock } from '../base/clock.ts'
import { type Config, loadConfig } from '../base/config.ts'
import { LakeletError } from '../base/errors.ts'
import { randomNumericId } from '../base/ids.ts'
import { createLogger, type Logger } from '../base/log.ts'
import { KeyedMutex } from '../base/mutex.ts'
import { startComputes } from '../computes/index.ts'
import { startHttpServer } from '../control/http/server.ts'
import { appDatabases } from '../control/services/app-databases.ts'
import { findEndpointSpec } from '../control/services/endpoint-specs.ts'
import { WorkspaceService } from '../control/services/workspace.ts'
import { openWorkspaceTree, type WorkspaceTree } from '../files/workspace-tree.ts'
import { startGateway } from '../gateway/gateway.ts'
import { type Identity, startIdentity } from '../identity/start.ts'
import { type Metadata, openMetadata } from '../metadata/database.ts'
import { settingOrCreate } from '../metadata/settings.ts'
import { installPostgres, type PostgresInstallation, writeIdentities } from '../postgres/index.ts'
import { startStorage, type Storage } from '../storage/index.ts'
import { type RunningApps, startAllApps } from './apps.ts'
import { type Certificates, loadCertificates } from './certificates.ts'
import { startControlPlane } from './control-plane.ts'
import { type DataDirectory, openDataDirectory } from './data-directory.ts'
import { gatewayPorts } from './gateway-ports.ts'
import { mountHomePage } from './home-page.ts'
import { type HostNames, probeHostNames } from './host-names.ts'
import { type HeldPort, holdPort } from './listen.ts'
import { fileGrants, objectPort } from './object-port.ts'
import { ownerEmail } from './owner.ts'
import { implementAllRoutes } from './routes.ts'
import { VERSION } from './version.ts'
import {
  publishWorkspaceFile,
  readPorts,
  tokenInProfile,
  writePorts,
  writeProfile,
} from './workspace-file.ts'

export interface WorkspaceOptions {
  readonly dataDir: string
  /** Address to listen on; only loopback is accepted. */
  readonly host: string
  /** Undefined: 8080, or the next free one. 0: any free one. */
  readonly httpPort: number | undefined
  /** Undefined: 5432, or the next free one. 0: any free one. */
  readonly postgresPort: number | undefined
}

/** A running workspace; disposing stops everything it started. */
export interface Workspace extends AsyncDisposable {
  /** Base URL of the API, without a trailing slash. */
  readonly host: string
  readonly postgres: { readonly host: string; readonly port: number }
  readonly caFile: string
  /** A `.databrickscfg` whose DEFAULT profile is the owner's. */
  readonly configFile: string
  readonly ownerEmail: string
  /** What a person should know about this start, one sentence each. */
  readonly notices: readonly string[]
  /** A link that signs one browser in as the owner, once. */
  signInLink(): Promise<string>
}

const HTTP_PORT = 8080
/** A principal may send at once, after a pause, what it may send in this many seconds. */
const BURST_SECONDS = 5
const POSTGRES_PORT = 5432
const LOG_LIMIT_BYTES = 10 * 1024 * 1024
const LOOPBACK = ['127.0.0.1', '::1', 'localhost']

/** Starts the workspace of `dataDir`; LakeletErrors of the start-up catalogue say what stands in the way. */
export async function startWorkspace(options: WorkspaceOptions): Promise<Workspace> {
  if (!LOOPBACK.includes(options.host)) throw new LakeletError('bind_needs_tls', { host: options.host })
  await using starting = new AsyncDisposableStack()
  const directory = starting.use(await openDataDirectory(options.dataDir))
  const config = loadConfig({ file: directory.file('lakelet.toml'), env: process.env })
  const ports = await holdPorts(options, directory, starting)
  const ground = await startGround(options, directory, config, starting)
  const later: { tree?: WorkspaceTree; identity?: Identity; running?: RunningApps } = {}
  const host = `http://${options.host}:${ports.http.port}`
  const grants = fileGrants(() => known(later.identity).permissions)
  const identity = starting.use(
    await startIdentity({
      ...ground,
      log: ground.log.child({ component: 'identity' }),
      baseUrl: () => host,
      credentials: config.credentials,
      objects: objectPort(ground.metadata, { tree: () => known(later.tree), grants: () => grants }),
      isAppUrl: (url) => url.hostname === options.host && known(later.running).apps.hasPort(Number(url.port)),
    }),
  )
  later.identity = identity
  const owner = await identity.ensureOwner(await ownerOf(config))
  await keepIdentitiesWritten(identity, ground.installation)
  const computes = starting.use(
    await startComputes({
      installation: ground.installation,
      storage: ground.storage,
      endpoints: { load: (uid) => findEndpointSpec(ground.metadata.db, ground.storage, uid) },
      log: ground.log.child({ component: 'computes' }),
      clock: ground.clock,
    }),
  )
  const control = starting.use(
    await startControlPlane({
      ...ground,
      config,
      computes,
      identity,
      failpoint: process.env['LAKELET_FAILPOINT'],
    }),
  )
  const tree = await openWorkspaceTree({
    ...ground,
    directory: directory.file('files'),
    log: ground.log.child({ component: 'files' }),
  })
  later.tree = tree
  const files = new WorkspaceService(tree, grants)
  const running = starting.use(
    await startAllApps({
      ...ground,
      directory: directory.file('apps'),
      host: options.host,
      baseUrl: host,
      usesFreePorts: options.httpPort === 0,
      identity,
      tree,
      files,
      databases: appDatabases(control.context, () => ports.postgres.port),
      caFile: ground.certificates.caFile,
    }),
  )
  later.running = running
  const postgres = { host: options.host, port: ports.postgres.port }
  await ports.http.release()
  starting.use(
    await startHttpServer({
      host: options.host,
      port: ports.http.port,
      workspaceId: ground.workspaceId,
      callers: identity.callers,
      rateLimit: {
        perSecond: config.limits.requestsPerSecond,
        burst: BURST_SECONDS * config.limits.requestsPerSecond,
      },
      routes: implementAllRoutes({
        ...ground,
        identity,
        control,
        files,
        apps: running.service,
        ownerId: owner.id,
      }),
      log: ground.log.child({ component: 'http' }),
      mount: async (http) => {
        await identity.mount(http)
        await mountHomePage(http, {
          ...ground,
          identity,
          computes,
          apps: running.service,
          postgres: () => postgres,
        })
      },
    }),
  )
  await ports.postgres.release()
  starting.use(
    await startGateway({
      ...postgres,
      tls: ground.certificates,
      ports: gatewayPorts({ ...ground, identity, computes }),
      clock: ground.clock,
      logger: ground.log,
    }),
  )
  // Apps ask for credentials and connect as soon as they run, so they run last, and end first: then nobody is left to drain.
  starting.use(running)
  await running.apps.startWanted()
  const configFile = directory.file('databrickscfg')
  await writeProfile(configFile, { host, token: await identity.ensureOwnerToken(tokenInProfile(configFile)) })
  starting.use(
    await publishWorkspaceFile(directory.file('workspace.json'), {
      pid: process.pid,
      version: VERSION,
      host,
      postgres,
      caFile: ground.certificates.caFile,
      configFile,
      user: owner.name,
    }),
  )
  const children = starting.move()
  return {
    host,
    postgres,
    caFile: ground.certificates.caFile,
    configFile,
    ownerEmail: owner.name,
    notices: noticesOf(ports),
    signInLink: () => identity.createSignInLink(host),
    [Symbol.asyncDispose]: () => children.disposeAsync(),
  }
}

interface Ports {
  readonly http: HeldPort
  readonly postgres: HeldPort
}

async function holdPorts(
  { host, httpPort, postgresPort }: WorkspaceOptions,
  directory: DataDirectory,
  starting: AsyncDisposableStack,
): Promise<Ports> {
  const file = directory.file('ports.json')
  const last = readPorts(file)
  const http = starting.use(
    await holdPort({ host, asked: httpPort, fallback: HTTP_PORT, flag: '--http-port', last: last.http }),
  )
  const postgres = starting.use(
    await holdPort({
      host,
      asked: postgresPort,
      fallback: POSTGRES_PORT,
      flag: '--postgres-port',
      last: last.postgres,
    }),
  )
  await writePorts(file, { http: http.port, postgres: postgres.port })
  return { http, postgres }
}

function noticesOf(ports: Ports): string[] {
  const moved = (what: string, held: HeldPort) =>
    held.movedFrom === undefined
      ? []
      : [`Port ${held.movedFrom} is taken, so ${what} is on port ${held.port}.`]
  return [...moved('the workspace', ports.http), ...moved('Postgres', ports.postgres)]
}

/** What stands before anything runs: certificates, the Postgres installation, the store. */
interface Ground {
  readonly clock: typeof systemClock
  readonly log: Logger
  readonly hostNames: HostNames
  readonly certificates: Certificates
  readonly installation: PostgresInstallation
  readonly metadata: Metadata
  readonly storage: Storage
  readonly workspaceId: string
}

async function startGround(
  options: WorkspaceOptions,
  directory: DataDirectory,
  config: Config,
  starting: AsyncDisposableStack,
): Promise<Ground> {
  const clock = systemClock
  const log = openLog(directory, config)
  const installation = await installPostgres({ dataDir: directory.path })
  // The first time it runs initdb; everything below does its work meanwhile.
  const opening = startStorage({ installation, log: log.child({ component: 'storage' }) })
  // A start that fails below leaves nothing running behind.
  starting.defer(() => opening.then(ignore, ignore))
  const metadata = starting.use(await openMetadata(directory.file('metadata.sqlite')))
  const hostNames = await probeHostNames({ host: options.host, ...config })
  const certificates = await loadCertificates(directory.file('tls'), hostNames.certificateNames, clock)
  const storage = await opening
  const workspaceId = await settingOrCreate(metadata.db, 'workspace_id', () => String(randomNumericId()))
  return { clock, log, hostNames, certificates, installation, metadata, storage, workspaceId }
}

function ignore(): void {}

/** The log of the workspace is a file: the terminal belongs to the person who started it. A long one is put aside at the start. */
function openLog(directory: DataDirectory, config: Config): Logger {
  const file = directory.file('lakelet.log')
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > LOG_LIMIT_BYTES) renameSync(file, `${file}.1`)
  const destination = pino.destination({
    dest: file,
    append: true,
    sync: true,
    mode: 0o600,
  })
  return createLogger({ level: config.log.level, destination })
}

async function ownerOf(config: Config): Promise<{ email: string; displayName: string }> {
  const email = await ownerEmail(config.owner.email)
  return { email, displayName: email.split('@')[0] ?? email }
}

/** The file of identities that `databricks_auth` reads follows every change of principals, one write at a time. */
async function keepIdentitiesWritten(identity: Identity, installation: PostgresInstallation): Promise<void> {
  const { directory } = identity
  const writes = new KeyedMutex<string>()
  const write = () => writes.run('identities', () => writeIdentities(installation, directory.identities()))
  await write()
  directory.onChange(write)
}

/** A part that exists by the time anything can ask for it. */
function known<T>(part: T | undefined): T {
  if (part === undefined) throw new Error('a part of the workspace was asked for before it was built')
  return part
}
