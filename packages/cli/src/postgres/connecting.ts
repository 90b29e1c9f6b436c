// With what an app or a tool connects to an endpoint: address, role, database, and the password where it is asked for.
import {
  ApiError,
  type Client,
  type Endpoint,
  type Role,
  databaseRoutes,
  endpointOption,
  nearest,
  parseResourceName,
  projectRoutes,
  roleRoutes,
} from '@lakelet/api'
import type { CommandContext } from '../command/context.ts'
import { Failure, exitCodes } from '../command/failure.ts'
import { currentUser } from '../commands/current-user/me.ts'
import { DATABASE, type PostgresAddress, addressOf } from './connection.ts'
import { databaseCredential } from './credential.ts'

export interface Wanted {
  /** Name of a Postgres role; the caller's own where absent. */
  readonly role?: string | undefined
  /** Name of a Postgres database; `databricks_postgres` where absent. */
  readonly database?: string | undefined
  readonly withPassword: boolean
  readonly pooled?: boolean
}

export interface Connecting extends PostgresAddress {
  readonly endpoint: Endpoint
  readonly user: string
  readonly database: string
  /** `endpoint=<uid>`, or `endpoint=<uid>-pooler`, for a login that neither the host nor a credential of the endpoint leads there; absent where the host does. */
  readonly option: string | undefined
  /** Whether tokens are the password of the role; otherwise it has one of its own. */
  readonly takesToken: boolean
  readonly password: string | undefined
}

/** Options of commands that print how to connect. */
export const connectingOptions = {
  database: { short: 'd', value: 'DATABASE', summary: `Postgres database; ${DATABASE} when left out` },
  role: { value: 'ROLE', summary: 'Postgres role; your own when left out' },
  withPassword: {
    summary: 'with the password: a token that ends, or what was made for a role that has a password',
  },
} as const

/** Looks up what is wanted. Throws a Failure for a role or database that is not there, and where there is no such password. */
export async function connectingTo(
  context: CommandContext,
  endpoint: Endpoint,
  wanted: Wanted,
): Promise<Connecting> {
  const { signal } = context
  const connection = await context.workspace()
  const { client } = connection
  const me = (await currentUser(client, signal)).userName
  const address = addressOf(connection, endpoint)
  const pooledName = wanted.pooled === true ? endpoint.status.hosts.read_write_pooled_host : undefined
  const host = pooledName ?? address.host
  const role =
    wanted.role === undefined || wanted.role === me
      ? undefined
      : await findRole(client, endpoint, wanted.role, signal)
  if (wanted.database !== undefined) await checkDatabase(client, endpoint, wanted.database, signal)
  const uid = endpoint.uid
  return {
    ...address,
    host,
    endpoint,
    user: role?.status.postgres_role ?? me,
    database: wanted.database ?? DATABASE,
    option: endpointOption(uid, host, wanted.pooled === true),
    takesToken: role?.status.auth_method !== 'PG_PASSWORD_SCRAM_SHA_256',
    password: wanted.withPassword ? await passwordOf(client, endpoint, role, signal) : undefined,
  }
}

async function findRole(
  client: Client,
  endpoint: Endpoint,
  wanted: string,
  signal: AbortSignal,
): Promise<Role> {
  const { roles = [] } = await client.call(roleRoutes.listRoles, { params: branchOf(endpoint) }, signal)
  const role = roles.find(({ status }) => status.postgres_role === wanted)
  if (!role) {
    const names = roles.map(({ status }) => status.postgres_role)
    throw notThere(`role "${wanted}"`, endpoint, wanted, names)
  }
  if (role.status.auth_method !== 'NO_LOGIN') return role
  throw new Failure(`Role "${wanted}" may not log in.`, {
    todo: `A role that may is made with 'lakelet postgres create-role'; "${wanted}" may own things and be granted to others.`,
  })
}

async function checkDatabase(
  client: Client,
  endpoint: Endpoint,
  wanted: string,
  signal: AbortSignal,
): Promise<void> {
  const params = branchOf(endpoint)
  const { databases = [] } = await client.call(databaseRoutes.listDatabases, { params }, signal)
  const names = databases.map(({ status }) => status.postgres_database)
  if (!names.includes(wanted)) throw notThere(`database "${wanted}"`, endpoint, wanted, names)
}

function notThere(what: string, endpoint: Endpoint, wanted: string, names: readonly string[]): Failure {
  const { project, branch } = branchOf(endpoint)
  const near = nearest(wanted, names)
  return new Failure(`projects/${project}/branches/${branch} has no ${what}.`, {
    exitCode: exitCodes.notFound,
    todo: near === undefined ? `It has ${names.join(', ')}.` : `Did you mean '${near}'?`,
  })
}

async function passwordOf(
  client: Client,
  endpoint: Endpoint,
  role: Role | undefined,
  signal: AbortSignal,
): Promise<string> {
  if (role?.status.auth_method === 'PG_PASSWORD_SCRAM_SHA_256') {
    await checkPasswordLogins(client, endpoint, role, signal)
    return passwordMadeFor(client, role, signal)
  }
  if (role !== undefined && role.status.identity_type !== 'GROUP') {
    throw new Failure(
      `Role "${role.status.postgres_role}" belongs to another identity: no token of yours opens it.`,
      {
        exitCode: exitCodes.unauthenticated,
        todo: 'Leave --with-password out, or name its profile with -p.',
      },
    )
  }
  return (await databaseCredential(client, endpoint.name, signal)).token
}

async function checkPasswordLogins(
  client: Client,
  endpoint: Endpoint,
  role: Role,
  signal: AbortSignal,
): Promise<void> {
  const { project } = branchOf(endpoint)
  const { status } = await client.call(projectRoutes.getProject, { params: { project } }, signal)
  if (status.enable_pg_native_login) return
  throw new Failure(
    `Role "${role.status.postgres_role}" logs in with a password, and project ${project} takes none.`,
    {
      todo: `Switch it on with 'lakelet postgres update-project projects/${project} spec.enable_pg_native_login --json '{"spec": {"enable_pg_native_login": true}}'', or log in as yourself.`,
    },
  )
}

async function passwordMadeFor(client: Client, role: Role, signal: AbortSignal): Promise<string> {
  const [, project = '', , branch = '', , id = ''] = role.name.split('/')
  const params = { project, branch, role: id }
  try {
    return (await client.call(roleRoutes.revealRolePassword, { params, body: {} }, signal)).password
  } catch (error) {
    if (!(error instanceof ApiError) || error.status >= 500) throw error
    throw new Failure(error.message, {
      todo: `Leave --with-password out and add the password yourself; ALTER ROLE … PASSWORD sets a new one.`,
      cause: error,
    })
  }
}

function branchOf({ name }: Endpoint): { readonly project: string; readonly branch: string } {
  const { project = '', branch = '' } = parseResourceName(name) ?? {}
  return { project, branch }
}
