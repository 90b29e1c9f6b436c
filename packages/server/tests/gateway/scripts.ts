// Scripts of messages, by hand, and all that a server answers: for tests that compare Postgres behind a gateway with Postgres alone.
import { createConnection } from 'node:net'
import { encodeStartup, MessageFramer } from '@lakelet/wire'
import { dial, HOST_DOMAIN, RawClient, type TestWorkspace, upgrade, USER } from './test-workspace.ts'

/** Messages, and how many ReadyForQuery they end in. */
export interface Step {
  readonly bytes: Buffer
  readonly readies: number
}

const PARAMETERS = { user: USER.name, database: 'databricks_postgres' }

/** A client of a gateway, at `ep-one` or `ep-one-pooler`. */
export async function throughGateway(workspace: TestWorkspace, host: string): Promise<RawClient> {
  const plain = await dial(workspace.gateway.address.port)
  plain.write(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]))
  await plain.byte()
  plain.socket.removeAllListeners('data')
  const client = await upgrade({ socket: plain.socket, servername: `${host}.${HOST_DOMAIN}` })
  await client.logIn(PARAMETERS, await workspace.token(USER.name))
  return client
}

/** A client of Postgres itself. */
export async function directly(workspace: TestWorkspace): Promise<RawClient> {
  const { socketPath } = await workspace.start('ep-one')
  const client = new RawClient(createConnection({ path: socketPath }))
  client.write(encodeStartup(PARAMETERS))
  await client.until('readyForQuery')
  return client
}

/**
 * What the server says to each stretch, as text that shows the first difference. `between`: called after each with its place; `cleaned`: takes out
 * of a message what may differ.
 */
export async function answersTo(
  client: RawClient,
  steps: readonly Step[],
  between: (at: number) => Promise<unknown>,
  cleaned: (body: string) => string = (body) => body,
): Promise<string[]> {
  const answers: string[] = []
  for (const [place, { bytes, readies }] of steps.entries()) {
    const at = client.received.length
    client.write(bytes)
    const framer = new MessageFramer()
    let seen = 0
    let taken = at
    const messages: string[] = []
    while (seen < readies && !client.isClosed) {
      for (; taken < client.received.length; taken++) framer.push(client.received[taken] ?? Buffer.alloc(0))
      for (const { type, body } of framer.messages()) {
        if (type === 0x5a) seen++
        // Who notified is a process id.
        const said = type === 0x41 ? body.subarray(4) : body
        messages.push(`${String.fromCharCode(type)} ${cleaned(said.toString('latin1'))}`)
      }
      if (seen < readies) await new Promise((resolve) => setTimeout(resolve, 1))
    }
    answers.push(messages.join('\n'))
    await between(place)
  }
  return answers
}
