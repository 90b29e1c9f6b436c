import { parseArgs } from 'node:util'
import type { ConnectorOptions } from '../settings.ts'

export const usage = `lakelet-connect: a local door to a Lakebase endpoint, for tools that know nothing of tokens

  lakelet-connect exec [options] -- COMMAND [ARGUMENTS]
      runs COMMAND with PGHOST, PGPORT, PGUSER, PGDATABASE, PGPASSWORD and DATABASE_URL set for the door;
      ends with its exit code
  lakelet-connect proxy [options]
      keeps the door open until Ctrl-C and prints how to use it

  --endpoint NAME     projects/…/branches/…/endpoints/…  (LAKEBASE_ENDPOINT)
  --host NAME         (PGHOST, else the endpoint's own)
  --database NAME     (PGDATABASE, else databricks_postgres)
  --user NAME         (PGUSER, else who the workspace says you are)
  --port PORT         a port of 127.0.0.1, with a password made up at the start; 0 for any free one
                      (exec: any free one is the default)
  --socket DIRECTORY  a unix socket in this directory instead, without a password

How to sign in to the workspace is taken from DATABRICKS_* and ~/.databrickscfg, as the Databricks SDKs do.
`

export interface Arguments {
  readonly connector: ConnectorOptions
  readonly port: number | undefined
  readonly socket: string | undefined
  readonly command: readonly string[]
}

/** Reads the options of both commands; what follows `--` is the command. Throws for what it does not know. */
export function readArguments(args: readonly string[]): Arguments {
  const end = args.indexOf('--')
  const { values } = parseArgs({
    args: [...(end < 0 ? args : args.slice(0, end))],
    options: {
      endpoint: { type: 'string' },
      host: { type: 'string' },
      database: { type: 'string' },
      user: { type: 'string' },
      port: { type: 'string' },
      socket: { type: 'string' },
    },
  })
  const { port, socket, ...connector } = values
  if (port !== undefined && !/^\d{1,5}$/.test(port)) throw new Error(`--port takes a number, not '${port}'`)
  return {
    connector,
    port: port === undefined ? undefined : Number(port),
    socket,
    command: end < 0 ? [] : args.slice(end + 1),
  }
}
