// What a program gets from `lakelet dev`. Three kinds of program each find what they know: those that follow libpq (psql, psycopg, pg,
// asyncpg, JDBC) read PG… and a password file that is kept fresh; those that take a URL (Prisma, postgres.js, sqlx) get one of a door on this
// machine, behind which every login has a fresh credential; a connector or an SDK asks the workspace. So none has to be started again.
import type { CommandContext } from '../command/context.ts'
import { authoritiesFile } from '../commands/env/authorities.ts'
import { connectionVariables, workspaceVariables } from '../commands/env/variables.ts'
import type { Connecting } from '../postgres/connecting.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Variables of other logins, which would be stronger than ours or contradict them. */
const OTHERS = [
  'PGPASSWORD',
  'PGHOSTADDR',
  'PGSERVICE',
  'PGSERVICEFILE',
  'PGOPTIONS',
  'PGSSLROOTCERT',
  'DATABRICKS_TOKEN',
  'DATABRICKS_CLIENT_ID',
  'DATABRICKS_CLIENT_SECRET',
  'DATABRICKS_CONFIG_PROFILE',
  'DATABRICKS_USERNAME',
  'DATABRICKS_PASSWORD',
  'DATABRICKS_AUTH_TYPE',
]

export interface Doors {
  /** A directory of this call alone. */
  readonly directory: string
  readonly passFile: string
  /** URL of the door. */
  readonly url: string
}

/** The whole environment of a program. */
export async function environmentFor(
  context: CommandContext,
  connecting: Connecting,
  { directory, passFile, url }: Doors,
): Promise<Environment> {
  const { env } = context.terminal
  const { caFile } = connecting
  const present = env['NODE_EXTRA_CA_CERTS']
  const authorities = caFile && (await authoritiesFile(caFile, present, directory))
  const inherited = withoutOtherLogins(env)
  const colors = context.terminal.hasColor?.('stdout') ? { FORCE_COLOR: env['FORCE_COLOR'] ?? '1' } : {}
  return {
    ...inherited,
    ...colors,
    ...connectionVariables(connecting),
    PGPASSFILE: passFile,
    DATABASE_URL: url,
    ...(authorities === undefined ? {} : { NODE_EXTRA_CA_CERTS: authorities }),
    ...(await workspaceVariables(await context.workspace(), connecting.endpoint)),
  }
}

/** An environment without what would sign a program in as somebody else. */
export function withoutOtherLogins(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !OTHERS.includes(name)))
}
