// Which endpoint PGHOST belongs to. Databricks Apps tells an app the host of its database and not the name of the endpoint, which a
// credential is asked for by.
import { LakebaseError } from '../errors.ts'

/** The JSON object at a path of the API; undefined when it is not there or not for us. */
export type ReadObject = (path: string) => Promise<Record<string, unknown> | undefined>

const API = '/api/2.0/postgres'
/** Id of the endpoint that a branch is made with. */
const FIRST_ENDPOINT = 'primary'
/** Projects that are looked into at the same time. */
const AT_ONCE = 8

/**
 * The endpoint with this host: that of the app's own database, when the app may be read and has one, else the only one in all projects that may
 * be seen. Rejects with CONFIGURATION when there is none, or more than one.
 *
 * @param app DATABRICKS_APP_NAME, if it is set.
 */
export async function endpointOfHost(
  host: string,
  app: string | undefined,
  read: ReadObject,
): Promise<string> {
  for (const branch of app ? branchesOf(await read(`/api/2.0/apps/${encodeURIComponent(app)}`)) : []) {
    const endpoints = await read(`${API}/${branch}/endpoints`)
    // A role in a database gives an app credentials for it, and nothing to see of its project.
    if (!endpoints) return `${branch}/endpoints/${FIRST_ENDPOINT}`
    const [first] = await endpointsWith(host, branch, read)
    if (first !== undefined) return first
  }
  const found = await search(host, read)
  const [only, ...others] = found
  if (only !== undefined && others.length === 0) return only
  const reason =
    only === undefined
      ? `no endpoint that may be seen here has the host ${host} (PGHOST)`
      : `${found.length} endpoints have the host ${host} (PGHOST): ${found.join(', ')}`
  throw new LakebaseError(
    'CONFIGURATION',
    `${reason}: set LAKEBASE_ENDPOINT (or ENDPOINT_NAME) to projects/…/branches/…/endpoints/…, as valueFrom: postgres does in app.yaml, or pass endpoint`,
  )
}

async function search(host: string, read: ReadObject): Promise<string[]> {
  const projects = await namesIn(`${API}/projects`, 'projects', read)
  const found: string[] = []
  while (projects.length > 0) {
    const group = projects.splice(0, AT_ONCE).map(async (project) => {
      const branches = await namesIn(`${API}/${project}/branches`, 'branches', read)
      const perBranch = branches.map((branch) => endpointsWith(host, branch, read))
      return (await Promise.all(perBranch)).flat()
    })
    found.push(...(await Promise.all(group)).flat())
    // A name belongs to one endpoint; an address may be that of all.
    if (found.length > 0 && !/^[\d.:]+$|^localhost$/.test(host)) break
  }
  return found
}

/** Branches of the app's databases, in their order: variables are set for the first one. */
function branchesOf(app: Record<string, unknown> | undefined): string[] {
  return objectsIn(app, 'resources').flatMap(({ postgres }) => {
    const branch = isObject(postgres) ? postgres['branch'] : undefined
    return typeof branch === 'string' ? [branch] : []
  })
}

async function endpointsWith(host: string, branch: string, read: ReadObject): Promise<string[]> {
  const endpoints = await listed(`${API}/${branch}/endpoints`, 'endpoints', read)
  // Where the names of endpoints do not resolve all have one address, and the one that writes is meant.
  const matches = endpoints.filter((each) => hostsOf(each).includes(host))
  const writing = matches.filter((each) => statusOf(each)['endpoint_type'] !== 'ENDPOINT_TYPE_READ_ONLY')
  return (writing.length > 0 ? writing : matches).map(nameOf).filter((name) => name !== '')
}

async function namesIn(path: string, key: string, read: ReadObject): Promise<string[]> {
  return (await listed(path, key, read)).map(nameOf).filter((name) => name !== '')
}

/** All pages of a list. */
async function listed(path: string, key: string, read: ReadObject): Promise<Record<string, unknown>[]> {
  const all: Record<string, unknown>[] = []
  for (let token: unknown = ''; typeof token === 'string';) {
    const page: Record<string, unknown> | undefined = await read(
      token ? `${path}?page_token=${encodeURIComponent(token)}` : path,
    )
    all.push(...objectsIn(page, key))
    token = page?.['next_page_token'] || undefined
  }
  return all
}

function hostsOf(endpoint: Record<string, unknown>): unknown[] {
  const { hosts } = statusOf(endpoint)
  return isObject(hosts) ? Object.values(hosts) : []
}

function statusOf({ status }: Record<string, unknown>): Record<string, unknown> {
  return isObject(status) ? status : {}
}

function nameOf({ name }: Record<string, unknown>): string {
  return typeof name === 'string' ? name : ''
}

function objectsIn(holder: Record<string, unknown> | undefined, key: string): Record<string, unknown>[] {
  const list = holder?.[key]
  return Array.isArray(list) ? list.filter(isObject) : []
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
