// What a workspace holds, read through the API as the caller sees it. Nothing is woken: roles and databases of a branch that sleeps are
// those that its compute last said.
import {
  type App,
  type Branch,
  type Client,
  type Database,
  type Endpoint,
  type Project,
  type Role,
  appsRoutes,
  branchRoutes,
  databaseRoutes,
  endpointRoutes,
  projectRoutes,
  roleRoutes,
  secretRoutes,
} from '@lakelet/api'

export interface BranchInventory {
  readonly branch: Branch
  readonly endpoints: readonly Endpoint[]
  readonly roles: readonly Role[]
  readonly databases: readonly Database[]
}

export interface ScopeInventory {
  readonly name: string
  readonly keys: readonly string[]
  /** Absent where the caller does not manage the scope. */
  readonly acls: readonly { readonly principal: string; readonly permission: string }[] | undefined
}

export interface Inventory {
  readonly projects: readonly { readonly project: Project; readonly branches: readonly BranchInventory[] }[]
  readonly apps: readonly App[]
  readonly scopes: readonly ScopeInventory[]
}

/** Reads everything, or with `only` the projects of these ids alone. */
export async function readInventory(
  client: Client,
  only: readonly string[],
  signal: AbortSignal,
): Promise<Inventory> {
  const projects = await pages(
    (query) => client.call(projectRoutes.listProjects, { query }, signal),
    (page) => page.projects,
  )
  const chosen = projects.filter(({ project_id: id }) => only.length === 0 || only.includes(id))
  const inventories = []
  for (const project of chosen)
    inventories.push({ project, branches: await branchesOf(client, project.project_id, signal) })
  if (only.length > 0) return { projects: inventories, apps: [], scopes: [] }
  const apps = await pages(
    (query) => client.call(appsRoutes.list, { query }, signal),
    (page) => page.apps,
  )
  return { projects: inventories, apps, scopes: await scopesOf(client, signal) }
}

async function branchesOf(client: Client, project: string, signal: AbortSignal): Promise<BranchInventory[]> {
  const branches = await pages(
    (query) => client.call(branchRoutes.listBranches, { params: { project }, query }, signal),
    (page) => page.branches,
  )
  const found: BranchInventory[] = []
  for (const branch of branches) {
    const params = { project, branch: branch.branch_id }
    const [endpoints, roles, databases] = await Promise.all([
      pages(
        (query) => client.call(endpointRoutes.listEndpoints, { params, query }, signal),
        (page) => page.endpoints,
      ),
      pages(
        (query) => client.call(roleRoutes.listRoles, { params, query }, signal),
        (page) => page.roles,
      ),
      pages(
        (query) => client.call(databaseRoutes.listDatabases, { params, query }, signal),
        (page) => page.databases,
      ),
    ])
    found.push({ branch, endpoints, roles, databases })
  }
  return found
}

async function scopesOf(client: Client, signal: AbortSignal): Promise<ScopeInventory[]> {
  const { scopes = [] } = await client.call(secretRoutes.listScopes, {}, signal)
  const found: ScopeInventory[] = []
  for (const { name } of scopes) {
    const query = { scope: name }
    const { secrets = [] } = await client.call(secretRoutes.list, { query }, signal)
    const acls = await client.call(secretRoutes.listAcls, { query }, signal).then(
      ({ items = [] }) => items,
      () => undefined,
    )
    found.push({ name, keys: secrets.map(({ key }) => key), acls })
  }
  return found
}

interface Paged {
  readonly next_page_token?: string | undefined
}

async function pages<P extends Paged, T>(
  ask: (query: { page_token: string | undefined }) => Promise<P>,
  itemsOf: (page: P) => readonly T[] | undefined,
): Promise<T[]> {
  const items: T[] = []
  let token: string | undefined
  do {
    const page = await ask({ page_token: token })
    items.push(...(itemsOf(page) ?? []))
    token = page.next_page_token || undefined
  } while (token !== undefined)
  return items
}
