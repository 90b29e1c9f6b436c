import { createConnector } from '../connector.ts'
import { readArguments } from './usage.ts'

/** Keeps a local proxy open until SIGINT or SIGTERM. */
export async function runProxy(args: readonly string[]): Promise<number> {
  const { connector: options, port, socket } = readArguments(args)
  const connector = createConnector(options)
  connector.on('retry', ({ code }) => process.stderr.write(`connecting (${code}) …\n`))
  connector.on('refreshFailed', ({ message }) => process.stderr.write(`${message}\n`))
  const stopped = new Promise<void>((resolve) => {
    process.once('SIGINT', resolve)
    process.once('SIGTERM', resolve)
  })
  try {
    await connector.ready()
    const listening = port === undefined ? (socket === undefined ? {} : { path: socket }) : { port }
    const proxy = await connector.listen(listening)
    process.stdout.write(`${proxy.url}\n`)
    process.stderr.write(`open until Ctrl-C; try: psql '${proxy.url}'\n`)
    await stopped
    return 0
  } finally {
    await connector.close()
  }
}
