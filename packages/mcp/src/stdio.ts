import { serveStdio, StdioServerTransport } from '@modelcontextprotocol/server/stdio'
import type { McpOptions } from './options.ts'
import { createMcpServer } from './server.ts'

/**
 * Serves the program that started this one over standard input and output; nothing else may write there. Resolves when that program has closed
 * its end, or the signal is aborted; calls that still run are cancelled.
 */
export async function serveOnStdio(options: McpOptions, signal: AbortSignal): Promise<void> {
  const gone = new AbortController()
  const transport = new StdioServerTransport()
  const ended = Promise.withResolvers<void>()
  const handle = serveStdio(() => createMcpServer(options, gone.signal), { transport })
  process.stdin.once('end', ended.resolve)
  process.stdin.once('close', ended.resolve)
  signal.addEventListener('abort', () => ended.resolve(), { once: true })
  if (signal.aborted) ended.resolve()
  await ended.promise
  gone.abort()
  await handle.close()
}
