const TIMEOUT_MS = 3000

/** Whether a workspace answers at `host`. */
export async function answers(send: typeof fetch, host: string): Promise<boolean> {
  try {
    const reply = await send(`${host}/.well-known/databricks-config`, {
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    await reply.body?.cancel()
    return reply.ok
  } catch {
    return false
  }
}
