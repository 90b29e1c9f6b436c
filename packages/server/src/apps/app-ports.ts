// The TCP ports of apps: one for each app's address, and one for each run of it.
import { freePort } from './free-port.ts'

/** How many ports from the first on are tried before any free one is taken. */
const PORTS_TRIED = 1000

/** Port for a new app's address: the first free one from `firstPort` on that no app has; any free one for 0. */
export async function choosePort(
  host: string,
  firstPort: number,
  taken: ReadonlySet<number>,
): Promise<number> {
  if (firstPort === 0) return freePort(host, 0)
  for (let port = firstPort; port < firstPort + PORTS_TRIED; port += 1) {
    if (taken.has(port)) continue
    const found = await freePort(host, port).catch(() => undefined)
    if (found !== undefined) return found
  }
  return freePort(host, 0)
}
