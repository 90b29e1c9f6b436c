// Long-running operations: polled by their name until they are done.
import { type Client, type Operation, readOperation } from '@lakelet/api'
import { Failure, usageFailure } from '../../command/failure.ts'
import { poll } from '../../command/poll.ts'

/** Reads the operation with this name. */
export async function getOperation(client: Client, name: string, signal?: AbortSignal): Promise<Operation> {
  const found = await readOperation(client, name, signal)
  if (found) return found
  throw usageFailure(`'${name}' is not the name of an operation, such as projects/<project>/operations/<id>.`)
}

/** Waits until the operation is done and gives its response; fails with its error. */
export async function waitForOperation(
  client: Client,
  started: Operation,
  options: {
    readonly timeoutMs: number
    readonly signal: AbortSignal
    /** Told what a step that takes its time says of how far it is. */
    readonly onProgress?: (message: string) => void
  },
): Promise<unknown> {
  let said: string | undefined
  const done = await poll(
    async () => {
      const now = await getOperation(client, started.name, options.signal)
      const { progress_message: message } = now.metadata
      if (message !== undefined && message !== said) options.onProgress?.((said = message))
      return now.done ? now : undefined
    },
    {
      what: `The operation ${started.name}`,
      goesOn: `'lakelet postgres get-operation ${started.name}' shows how far it is.`,
      ...options,
    },
  )
  if (done.error) throw new Failure(`${done.error.message} [${done.error.error_code}]`)
  return done.response
}
