// The credentials of a program that runs for longer than they do: a password file that is written anew before the one in it ends, and a door
// for what takes a URL.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Connector } from 'lakelet-connect'
import type { CommandContext } from '../command/context.ts'
import { writePrivateFile } from '../config/config-file.ts'
import type { Connecting } from '../postgres/connecting.ts'
import { databaseCredential } from '../postgres/credential.ts'
import type { Doors } from './environment.ts'

export interface Credentials extends AsyncDisposable, Doors {}

type Say = (text: string) => void

/** Starts to keep them; `say` is told, once for each outage, when no new one can be had. */
export async function keepCredentials(
  context: CommandContext,
  connecting: Connecting,
  say: Say,
): Promise<Credentials> {
  const directory = await mkdtemp(path.join(tmpdir(), 'lakelet-dev-'))
  const connector = await connectorFor(context, connecting)
  const dispose = async (): Promise<void> => {
    await connector.close()
    await rm(directory, { recursive: true, force: true })
  }
  try {
    tellOutages(connector, say)
    const passFile = path.join(directory, 'pgpass')
    const file = await keepPassFile(connector, { passFile, connecting, say, terminal: context.terminal })
    const { url } = await connector.listen({ port: 0 })
    return {
      directory,
      passFile,
      url,
      async [Symbol.asyncDispose]() {
        await file.stop()
        await dispose()
      },
    }
  } catch (error) {
    await dispose()
    throw error
  }
}

async function connectorFor(
  context: CommandContext,
  { host, port, user, database, caFile, endpoint }: Connecting,
): Promise<Connector> {
  const { client } = await context.workspace()
  // Other commands start without it.
  const { createConnector } = await import('lakelet-connect')
  return createConnector({
    endpoint: endpoint.name,
    host,
    port,
    user,
    database,
    applicationName: 'lakelet dev',
    tls: caFile === undefined ? {} : { ca: await readFile(caFile, 'utf8') },
    // Nothing of what this process happens to have.
    env: {},
    auth: async ({ endpoint: name, signal }) => {
      const { token, expire_time: expiresAt } = await databaseCredential(client, name, signal)
      return { token, ...(expiresAt === undefined ? {} : { expiresAt }) }
    },
  })
}

function tellOutages(connector: Connector, say: Say): void {
  let isFailing = false
  connector.on('refresh', () => (isFailing = false))
  connector.on('refreshFailed', ({ message }) => {
    if (!isFailing)
      say(`No new credential: ${message}. The one there is goes on until it ends; it is tried again.`)
    isFailing = true
  })
}

/** Writes the password file, and again with each new credential. */
async function keepPassFile(
  connector: Connector,
  file: {
    readonly passFile: string
    readonly connecting: Connecting
    readonly say: Say
    readonly terminal: CommandContext['terminal']
  },
): Promise<{ stop(): Promise<void> }> {
  const { passFile, connecting, say } = file
  const { host, port, user } = connecting
  const others = await otherPasswords(file.terminal)
  const write = async (): Promise<void> => {
    const { token } = await connector.getCredential()
    const line = [escaped(host), port, '*', escaped(user), escaped(token)].join(':')
    await writePrivateFile(passFile, `${line}\n${others}`)
  }
  await write()
  let written = Promise.resolve()
  const again = (): void => {
    written = written
      .then(write)
      .catch((error: unknown) => say(`${passFile} cannot be written: ${String(error)}`))
  }
  connector.on('refresh', again)
  return {
    async stop() {
      connector.off('refresh', again)
      await written
    },
  }
}

/** A field of a password file (PostgreSQL documentation, "The Password File"). */
function escaped(field: string): string {
  return field.replace(/[\\:]/g, '\\$&')
}

/** The passwords that the user keeps for other servers: one file is all that is read. */
async function otherPasswords({ env, home }: CommandContext['terminal']): Promise<string> {
  const file = env['PGPASSFILE'] || path.join(home, '.pgpass')
  return readFile(file, 'utf8').catch(() => '')
}
