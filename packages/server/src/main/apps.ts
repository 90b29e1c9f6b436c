// The apps of the workspace with what they need from the other rooms.
import type { Caller } from '../base/caller.ts'
import type { Clock } from '../base/clock.ts'
import type { Config } from '../base/config.ts'
import type { Logger } from '../base/log.ts'
import { type Apps, startApps } from '../apps/apps.ts'
import type {
  AppDatabases,
  AppGrants,
  AppIdentities,
  AppPeers,
  AppSecrets,
  AppVisitors,
} from '../apps/ports.ts'
import { AppTemplates } from '../apps/templates.ts'
import { startReconciler } from '../control/reconcilers/reconciler.ts'
import { appSyncer } from '../control/reconcilers/sync-apps.ts'
import { AppDeploymentsService } from '../control/services/app-deployments.ts'
import { AppsService } from '../control/services/apps.ts'
import type { WorkspaceFilesService } from '../control/services/workspace.ts'
import type { WorkspaceTree } from '../files/workspace-tree.ts'
import type { Identity } from '../identity/start.ts'
import type { Metadata } from '../metadata/database.ts'
import type { Operations } from '../operations/operations.ts'
import { packConnector, TEMPLATES } from './app-templates.ts'
import type { Listeners, PortOptions } from './listeners.ts'

/** First port for the addresses of apps, when the workspace itself has a fixed one. */
const FIRST_APP_PORT = 8081
/** How often apps that follow their source are looked at. */
const SYNC_EVERY_MS = 1000

export interface AppsParts {
  readonly directory: string
  /** Where the workspace was given a free port, apps are too. */
  readonly options: Pick<PortOptions, 'host' | 'httpPort'>
  readonly ports: Listeners
  readonly baseUrl: string
  readonly operations: Operations
  readonly metadata: Metadata
  readonly clock: Clock
  readonly log: Logger
  readonly identity: Identity
  readonly tree: WorkspaceTree
  readonly files: WorkspaceFilesService
  readonly databases: AppDatabases
  readonly caFile: string
  readonly config: Config
}

export interface RunningApps extends AsyncDisposable {
  readonly apps: Apps
  readonly service: AppsService
  readonly deployments: AppDeploymentsService
}

/** Opens the address of every app and gives the services behind their API; none runs before `apps.startWanted`. */
export async function startAllApps(parts: AppsParts): Promise<RunningApps> {
  const { metadata, clock, identity, tree } = parts
  const log = parts.log.child({ component: 'apps' })
  const grants = appGrants(identity)
  const templates = new AppTemplates({ directory: TEMPLATES, tree, clock, packConnector })
  const apps = await startApps({
    ...parts,
    templates,
    log,
    workspace: {
      host: parts.baseUrl,
      workspaceId: identity.workspaceId,
      caFile: parts.caFile,
      tlsPort: parts.ports.https.port,
      ports: () => [Number(new URL(parts.baseUrl).port), parts.ports.postgres.port],
    },
    ...parts.config.apps,
    identities: appIdentities(identity),
    grants,
    visitors: appVisitors(identity, parts.baseUrl),
    secrets: appSecrets(identity),
    peers: appPeers(identity),
    host: parts.options.host,
    firstPort: parts.options.httpPort === 0 ? 0 : FIRST_APP_PORT,
  })
  const service = new AppsService({ baseUrl: parts.baseUrl, metadata, clock, apps, templates, grants })
  const deployments = new AppDeploymentsService({ metadata, clock, apps, grants, workspace: parts.files })
  const running = new AsyncDisposableStack()
  running.use(apps)
  running.use(
    startReconciler({
      name: 'sync-apps',
      everyMs: SYNC_EVERY_MS,
      round: appSyncer({ metadata, deployments, log, callerNamed: (name) => callerNamed(identity, name) }),
      clock,
      log,
    }),
  )
  return { apps, service, deployments, [Symbol.asyncDispose]: () => running.disposeAsync() }
}

function callerNamed({ directory }: Identity, name: string): Caller | undefined {
  const found = directory.find('user', name) ?? directory.find('service_principal', name)
  return found && directory.callerOf(found.id)
}

function appIdentities(identity: Identity): AppIdentities {
  return {
    async create(displayName, clientId) {
      const made =
        identity.directory.find('service_principal', clientId) ??
        (await identity.directory.createServicePrincipal(displayName, clientId))
      return { id: made.id, name: made.displayName }
    },
    secrets: identity.secrets,
    async removeClient(clientId) {
      const principal = identity.directory.find('service_principal', clientId)
      if (principal) await identity.directory.delete(principal)
    },
  }
}

function appGrants(identity: Identity): AppGrants {
  const { permissions } = identity
  return {
    own: (caller, app) =>
      permissions.set({ type: 'app', id: app }, [{ principalId: caller.id, level: 'CAN_MANAGE' }], 'add'),
    may: async (caller, app, level) =>
      (await permissions.authorize(caller, { type: 'app', id: app }, level)) === 'allowed',
    mayAttach: async (caller, project) =>
      (await permissions.authorize(caller, { type: 'project', id: project }, 'CAN_MANAGE')) === 'allowed',
    requireSecrets: (caller, scope) => identity.secretScopes.require(caller, scope, 'MANAGE'),
    forget: (app) => permissions.forget('app', app),
  }
}

function appSecrets({ secretScopes, directory }: Identity): AppSecrets {
  const principalOf = (clientId: string) => directory.find('service_principal', clientId)
  return {
    read: async ({ scope, key }) => (await secretScopes.value(scope, key)).toString('utf8'),
    async bind({ clientId }, { scope, key, permission }) {
      // A secret that is not there is a mistake of now, not of the app's next start.
      await secretScopes.value(scope, key)
      const principal = principalOf(clientId)
      if (principal) await secretScopes.attach(scope, principal, permission ?? 'READ')
    },
    async release({ clientId }, { scope }) {
      const principal = principalOf(clientId)
      if (principal) await secretScopes.detach(scope, principal)
    },
  }
}

function appPeers({ permissions, directory }: Identity): AppPeers {
  const object = (name: string) => ({ type: 'app', id: name }) as const
  return {
    async bind({ clientId }, { name }) {
      const principal = directory.find('service_principal', clientId)
      if (!principal) return
      await permissions.set(object(name), [{ principalId: principal.id, level: 'CAN_USE' }], 'add')
    },
    async release({ clientId }, { name }) {
      const principal = directory.find('service_principal', clientId)
      if (principal) await permissions.remove(object(name), principal.id)
    },
  }
}

function appVisitors(identity: Identity, baseUrl: string): AppVisitors {
  return {
    bySession: (cookieHeader) => identity.sessionOf(cookieHeader),
    // An app's address is part of the API of apps: a token for something else opens none.
    byToken: async (token) => identity.callers.authenticate(token, { path: '/api/2.0/apps' }),
    tokenFor: (caller, scopes) => identity.visitorTokens.of(caller, scopes),
    homeUrl: () => baseUrl,
    signInUrl: (next) => `${baseUrl}/sign-in?${new URLSearchParams({ next }).toString()}`,
  }
}
