// The apps of the workspace with what they need from the other rooms.
import { existsSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { type Apps, startApps } from '../apps/apps.ts'
import type {
  AppDatabases,
  AppGrants,
  AppIdentities,
  AppSecrets,
  AppVisitors,
  PackConnector,
} from '../apps/ports.ts'
import { AppTemplates } from '../apps/templates.ts'
import { AppDeploymentsService } from '../control/services/app-deployments.ts'
import { AppsService } from '../control/services/apps.ts'
import type { WorkspaceFilesService } from '../control/services/workspace.ts'
import type { WorkspaceTree } from '../files/workspace-tree.ts'
import type { Identity } from '../identity/start.ts'
import type { Metadata } from '../metadata/database.ts'
import type { Operations } from '../operations/operations.ts'

/** First port for the addresses of apps, when the workspace itself has a fixed one. */
const FIRST_APP_PORT = 8081

export interface AppsParts {
  readonly directory: string
  readonly host: string
  readonly baseUrl: string
  /** Whether the workspace was given a free port; then apps are too. */
  readonly usesFreePorts: boolean
  readonly operations: Operations
  readonly metadata: Metadata
  readonly clock: Clock
  readonly log: Logger
  readonly identity: Identity
  readonly tree: WorkspaceTree
  readonly files: WorkspaceFilesService
  readonly databases: AppDatabases
  readonly caFile: string
}

export interface RunningApps extends AsyncDisposable {
  readonly apps: Apps
  readonly service: AppsService
  readonly deployments: AppDeploymentsService
}

/** Opens the address of every app and gives the services behind their API; none runs before `apps.startWanted`. */
export async function startAllApps(parts: AppsParts): Promise<RunningApps> {
  const { metadata, clock, identity, tree } = parts
  const grants = appGrants(identity)
  const directory = path.resolve(import.meta.dirname, '../../../../templates')
  const templates = new AppTemplates({ directory, tree, clock, packConnector })
  const apps = await startApps({
    ...parts,
    templates,
    log: parts.log.child({ component: 'apps' }),
    workspace: { host: parts.baseUrl, workspaceId: identity.workspaceId, caFile: parts.caFile },
    identities: appIdentities(identity),
    grants,
    visitors: appVisitors(identity, parts.baseUrl),
    secrets: appSecrets(identity),
    firstPort: parts.usesFreePorts ? 0 : FIRST_APP_PORT,
  })
  const service = new AppsService({ metadata, clock, apps, templates, grants })
  const deployments = new AppDeploymentsService({ metadata, clock, apps, workspace: parts.files })
  return { apps, service, deployments, [Symbol.asyncDispose]: () => apps[Symbol.asyncDispose]() }
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

function appVisitors(identity: Identity, baseUrl: string): AppVisitors {
  return {
    bySession: (cookieHeader) => identity.sessionOf(cookieHeader),
    // An app's address is part of the API of apps: a token for something else opens none.
    byToken: async (token) => identity.callers.authenticate(token, { path: '/api/2.0/apps' }),
    homeUrl: () => baseUrl,
    signInUrl: (next) => `${baseUrl}/sign-in?${new URLSearchParams({ next }).toString()}`,
  }
}

const CONNECTOR = path.resolve(import.meta.dirname, '../../../connect')

/** In the repository the connector's own build makes its package; the published package has it made. */
const packConnector: PackConnector = async (file) => {
  const build = path.join(CONNECTOR, 'build.ts')
  if (!existsSync(build)) {
    await copyFile(path.join(CONNECTOR, 'lakelet-connect.tgz'), file)
    return
  }
  const { packConnector: pack } = (await import(pathToFileURL(build).href)) as {
    packConnector: PackConnector
  }
  await pack(file)
}
