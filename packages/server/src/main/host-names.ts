// Whether endpoints can have host names of their own on this machine.
import { lookup } from 'node:dns/promises'

/** Gives an endpoint's host name, or the plain address where such names do not resolve. */
export interface HostNames {
  /** What `status.hosts` shows for the endpoint with this uid. */
  of(endpointUid: string): { readonly host: string; readonly pooledHost?: string }
  /** The names and addresses that a certificate must be valid for. */
  readonly certificateNames: readonly string[]
}

/**
 * Asks the system's resolver once for a name as endpoints would have it. Clients that connect by such a name send it as SNI, so many
 * endpoints can share one port; where it does not resolve, clients name the endpoint by their token or by `options=endpoint=…`.
 */
export async function probeHostNames(options: {
  readonly host: string
  readonly region: string
  readonly postgresDomain: string
}): Promise<HostNames> {
  const suffix = `database.${options.region}.${options.postgresDomain}`
  const resolves = await resolvesTo(`ep-probe.${suffix}`, options.host)
  return {
    of: (uid) =>
      resolves ? { host: `${uid}.${suffix}`, pooledHost: `${uid}-pooler.${suffix}` } : { host: options.host },
    certificateNames: [...new Set(['localhost', '127.0.0.1', '::1', options.host, `*.${suffix}`])],
  }
}

async function resolvesTo(name: string, address: string): Promise<boolean> {
  try {
    const found = await lookup(name, { all: true })
    return found.some((each) => each.address === address)
  } catch {
    return false
  }
}
