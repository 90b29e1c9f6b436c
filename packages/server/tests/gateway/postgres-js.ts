// postgres.js as a client of the gateway, with the tokens of a user.
import postgres from 'postgres'
import { HOST_DOMAIN, type TestWorkspace, USER } from './test-workspace.ts'

/** At most `max` connections to the endpoint that the tests have. */
export function connectPostgresJs(workspace: TestWorkspace, max = 1): postgres.Sql {
  return postgres({
    host: '127.0.0.1',
    port: workspace.gateway.address.port,
    user: USER.name,
    password: () => workspace.token(USER.name),
    database: 'databricks_postgres',
    ssl: { ca: workspace.ca, servername: `ep-one.${HOST_DOMAIN}` },
    max,
  })
}
