// A workspace from start to stop. The order of starting is the order of what needs what. Stopping is its reverse: first the apps,
// then no new Postgres connections, then the API, the computes, and the store last.
import path from 'node:path'
import { type Config, loadConfig } from '../base/config.ts'
import { isDiskFull } from '../base/disk-full.ts'
import { isLakeletError, LakeletError } from '../base/errors.ts'
import type { Computes } from '../computes/index.ts'
import { startHttpServer } from '../control/http/server.ts'
import { appDatabases } from '../control/services/app-databases.ts'
import { WorkspaceFilesService } from '../control/services/workspace.ts'
import { openWorkspaceTree, type WorkspaceTree } from '../files/workspace-tree.ts'
import { gatewaySettings } from './gateway-settings.ts'
import { mcpMountOf } from './mcp/mount.ts'
import { startGateway } from '../gateway/gateway.ts'
import type { Principal } from '../identity/directory.ts'
import { type Identity, startIdentity } from '../identity/start.ts'
import type { PastSpecs } from '../control/services/past-branches.ts'
import { type ComputeHistory, WorkspaceMetrics } from '../telemetry/index.ts'
import { failpointFrom } from '../operations/failpoints.ts'
import { type RunningApps, startAllApps } from './apps.ts'
import { startWorkspaceComputes } from './computes.ts'
import { ConsoleBuilds } from './console/builds.ts'
import { lookOf } from '@lakelet/theme/pages'
import { mountConsole } from './console/mount.ts'
import { startDataApi } from './data-api.ts'
import { errorPage } from './error-page.ts'
import { type ControlPlane, startControlPlane } from './control-plane.ts'
import { type DataDirectory, openDataDirectory } from './data-directory.ts'
import { WorkspaceGatewayControl } from './gateway-control.ts'
import { GatewaySessions } from './gateway-sessions.ts'
import { known } from './known.ts'
import { type Infrastructure, startInfrastructure } from './infrastructure.ts'
import { fileGrants, objectPort } from './object-port.ts'
import { chooseOwner } from './owner.ts'
import { keepCertificates } from './keep-certificates.ts'
import { holdListeners, type Listeners, noticesOf, type PortOptions } from './listeners.ts'
import { implementAllRoutes } from './routes.ts'
import { sqlRunsOf } from './sql-runs.ts'
import { ownProcess, Stopping } from './stopping.ts'
import type { ObjectArchive } from '../objects/index.ts'
import { startObjectArchive } from './object-archive.ts'
import { sessionFacts } from './session-facts.ts'
import { keepHistory, metricsSource, sendMetrics } from './telemetry.ts'
import { VERSION } from './version.ts'
import { keepIdentitiesWritten } from './written-identities.ts'
import { publishWorkspaceFile, tokenInProfile, writeProfile } from './workspace-file.ts'

export interface WorkspaceOptions extends PortOptions {
  readonly dataDir: string
  /**
   * Whether this process is the workspace and nothing else: then what nobody handles is logged instead of ending it, and no child outlives
   * it. False when left out, so that a program that starts a workspace keeps its own rules.
   */
  readonly ownsProcess?: boolean
  /** How the command line is called where this runs, such as `npx lakelet`; for pages that tell people what to type. */
  readonly command?: string | undefined
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

/** A principal may send at once, after a pause, what it may send in this many seconds. */
const BURST_SECONDS = 5
/** The console's package, beside this one. */
const CONSOLE_DIRECTORY = path.resolve(import.meta.dirname, '../../../console')
const LOOPBACK = ['127.0.0.1', '::1', 'localhost']

/** What every step of a start is given. */
interface Start {
  readonly options: WorkspaceOptions
  readonly directory: DataDirectory
  readonly config: Config
  readonly ports: Listeners
  readonly infrastructure: Infrastructure
  /** Where one is configured. */
  readonly objects: ObjectArchive | undefined
  /** The gateway's, once it listens. */
  readonly sessions: GatewaySessions
  /** Base URL of the API. */
  readonly host: string
  /** What was started so far, to be ended in reverse. */
  readonly started: AsyncDisposableStack
  /** Sees to it that the end does not take for ever. */
  readonly stopping: Stopping
}

/** The rooms of a running workspace. */
interface Rooms {
  readonly identity: Identity
  readonly owner: Principal
  readonly computes: Computes
  readonly control: ControlPlane
  readonly history: ComputeHistory
  readonly metrics: WorkspaceMetrics
  readonly files: WorkspaceFilesService
  readonly running: RunningApps
}

/** Starts the workspace of `dataDir`; LakeletErrors of the start-up catalogue say what stands in the way. */
export async function startWorkspace(options: WorkspaceOptions): Promise<Workspace> {
  try {
    return await startAll(options)
  } catch (error) {
    if (isLakeletError(error) || !isDiskFull(error)) throw error
    throw new LakeletError('disk_full', {}, { cause: error })
  }
}

async function startAll(options: WorkspaceOptions): Promise<Workspace> {
  if (!LOOPBACK.includes(options.host)) throw new LakeletError('bind_needs_tls', { host: options.host })
  await using started = new AsyncDisposableStack()
  const directory = started.use(await openDataDirectory(options.dataDir))
  const config = loadConfig({ file: directory.file('lakelet.toml'), env: process.env })
  const ports = await holdListeners(options, directory, started)
  const infrastructure = await startInfrastructure(ports.postgres.host, directory, config, started)
  const stopping = new Stopping(infrastructure)
  if (options.ownsProcess) started.use(ownProcess(infrastructure.log, stopping))
  const objects = startObjectArchive(config, directory, infrastructure)
  // Ends after the computes: what they leave is sent yet.
  if (objects) started.use(stopping.limit('archive', objects))
  const host = `http://${options.host}:${ports.http.port}`
  const sessions = new GatewaySessions()
  const made = { sessions, host, started, stopping, objects }
  const start = { options, directory, config, ports, infrastructure, ...made }
  const rooms = await startRooms(start)
  await listen(start, rooms)
  started.use(await sendMetrics(config, infrastructure, { ...rooms, objects }))
  // Apps ask for credentials and connect as soon as they run, so they run last, and end first: then nobody is left to drain.
  started.use(stopping.limit('apps', rooms.running))
  await rooms.running.apps.startWanted()
  // Awaited here: a promise that is returned unawaited outlives the scope that would dispose of what was started.
  return await publish(start, rooms)
}

async function startRooms(start: Start): Promise<Rooms> {
  const { options, directory, config, ports, infrastructure, sessions, host, started, stopping } = start
  const later: { tree?: WorkspaceTree; identity?: Identity; running?: RunningApps } = {}
  const grants = fileGrants(() => known(later.identity).permissions)
  const identity = await startIdentity({
    ...infrastructure,
    log: infrastructure.log.child({ component: 'identity' }),
    baseUrl: () => host,
    command: options.command ?? 'lakelet',
    credentials: config.credentials,
    sealingKeyFile: directory.file('secrets.key'),
    objects: objectPort(infrastructure.metadata, { tree: () => known(later.tree), grants: () => grants }),
    isAppUrl: (url) => url.hostname === options.host && known(later.running).apps.hasPort(Number(url.port)),
  })
  started.use(stopping.limit('identity', identity))
  later.identity = identity
  const owner = await identity.ensureOwner(await chooseOwner(config.owner.email))
  await keepIdentitiesWritten(identity, infrastructure.postgres.host)
  const past: PastSpecs = new Map()
  const history = started.use(keepHistory(directory, infrastructure, past))
  const parts = { config, past, history, metrics: new WorkspaceMetrics(), starting: started }
  const computes = await startWorkspaceComputes(infrastructure, sessions, parts)
  started.use(stopping.limit('computes', computes))
  const control = await startControlPlane({
    ...infrastructure,
    ...parts,
    computes,
    pastSpecs: past,
    sessions,
    identity,
    failpoint: failpointFrom(process.env['LAKELET_FAILPOINT']),
  })
  started.use(stopping.limit('control', control))
  const tree = await openWorkspaceTree({
    ...infrastructure,
    directory: directory.file('files'),
    log: infrastructure.log.child({ component: 'files' }),
  })
  later.tree = tree
  const files = new WorkspaceFilesService(tree, grants)
  const running = await startAllApps({
    ...infrastructure,
    directory: directory.file('apps'),
    options,
    ports,
    baseUrl: host,
    identity,
    tree,
    files,
    operations: control.context.operations,
    config,
    databases: appDatabases(control.context, () => ports.postgres.port),
    caFile: infrastructure.certificates.caFile,
  })
  started.use(stopping.limit('apps', running))
  later.running = running
  await control.resume()
  await running.apps.adopt()
  return { identity, owner, computes, control, history, metrics: parts.metrics, files, running }
}

/** Opens the API and then the gateway, each on the port that was held for it. */
async function listen(start: Start, rooms: Rooms): Promise<void> {
  const { options, config, directory, ports, infrastructure, started, stopping } = start
  const { identity, running, owner } = rooms
  const builds = started.use(
    new ConsoleBuilds(CONSOLE_DIRECTORY, infrastructure.log.child({ component: 'console' })),
  )
  const sql = sqlRunsOf(infrastructure, rooms, () => postgresOf(start))
  const dataApi = startDataApi(infrastructure, rooms, start.host, () => postgresOf(start))
  const ending = new AbortController()
  const mcp = started.use(mcpMountOf(infrastructure, identity, start.host))
  await Promise.all([ports.http.release(), ports.https.release()])
  const http = await startHttpServer({
    host: options.host,
    port: ports.http.port,
    tls: { ...infrastructure.certificates, port: ports.https.port },
    workspaceId: infrastructure.workspaceId,
    callers: identity.callers,
    rateLimit: rateLimitOf(config),
    routes: implementAllRoutes({
      ...infrastructure,
      ...rooms,
      objects: start.objects,
      apps: running.service,
      deployments: running.deployments,
      ownerId: owner.id,
      stopping: ending.signal,
      sql,
      session: sessionFacts({ ...start, postgres: postgresOf(start) }),
      readMetrics: () =>
        rooms.metrics.text(metricsSource(infrastructure, { ...rooms, objects: start.objects })),
    }),
    log: infrastructure.log.child({ component: 'http' }),
    errorPage: (error, headers) => errorPage(error, lookOf(headers)),
    mount: async (server) => {
      await identity.mount(server)
      await mcp.mount(server)
      await dataApi.mount(server)
      await mountConsole(server, { identity, builds })
    },
  })
  started.use(stopping.limit('http', http))
  // Before the server waits for its requests to end.
  started.use(sql)
  started.defer(() => ending.abort(new LakeletError('workspace_stopping')))
  await ports.postgres.release()
  const gateway = await startGateway({
    ...postgresOf(start),
    tls: infrastructure.certificates,
    control: new WorkspaceGatewayControl({ ...infrastructure, ...rooms, ...rooms.control, ...dataApi }),
    clock: infrastructure.clock,
    logger: infrastructure.log,
    ...gatewaySettings(config),
  })
  start.sessions.plug(gateway)
  started.use(stopping.limit('gateway', gateway))
  started.use(dataApi)
  started.use(keepCertificates({ ...infrastructure, directory: directory.file('tls'), gateway, http }))
}

function rateLimitOf({ limits: { requestsPerSecond } }: Config) {
  return { perSecond: requestsPerSecond, burst: BURST_SECONDS * requestsPerSecond }
}

/** Tells other programs and hands the whole over to the caller. */
async function publish(start: Start, { identity, owner, running }: Rooms): Promise<Workspace> {
  const { directory, infrastructure, host, ports, started } = start
  const { caFile } = infrastructure.certificates
  const configFile = directory.file('databrickscfg')
  const postgres = postgresOf(start)
  await writeProfile(configFile, { host, token: await identity.ensureOwnerToken(tokenInProfile(configFile)) })
  const content = { pid: process.pid, version: VERSION, host, postgres, caFile, configFile, user: owner.name }
  started.use(await publishWorkspaceFile(directory.file('workspace.json'), content))
  const children = started.move()
  return {
    host,
    postgres,
    caFile,
    configFile,
    ownerEmail: owner.name,
    notices: [...infrastructure.notices, ...noticesOf(ports), ...running.apps.notices],
    signInLink: () => identity.createSignInLink(host),
    [Symbol.asyncDispose]: () => children.disposeAsync(),
  }
}

function postgresOf({ ports }: Start): { readonly host: string; readonly port: number } {
  return { host: ports.postgres.host, port: ports.postgres.port }
}
