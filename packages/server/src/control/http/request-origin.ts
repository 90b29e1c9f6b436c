// Guards against pages of other sites. A page can make a browser resolve the page's own name to this machine (DNS
// rebinding) and then read what the workspace answers; the Host header gives it away, because it names that site. An
// address in digits cannot be rebound, so it is always accepted.
import { isIP } from 'node:net'
import { LakeletError } from '../../base/errors.ts'
import { isReading, type RequestHead, senderOf } from '../../base/request-head.ts'

const DATA_API = /^\/api\/2\.0\/workspace\/\d+\/rest\//

/** Refuses requests that were meant for another host, and writes that a page of another site sends. */
export function createOriginGuard(hostNames: readonly string[]): (request: RequestHead) => void {
  const known = new Set(['localhost', ...hostNames.map((name) => name.toLowerCase())])
  const isOurs = (name: string) => known.has(name) || name.endsWith('.localhost') || isAddress(name)
  // A client names the same few hosts again and again.
  const accepted = new Set<string>()
  return ({ method, path, headers }) => {
    const { host, origin } = headers
    if (host !== undefined && !accepted.has(host)) {
      if (!isOurs(hostNameOf(host))) throw new LakeletError('host_unknown', { host: shorten(host) })
      if (accepted.size < 100) accepted.add(host)
    }
    // The Data API takes bearer tokens only, which no browser sends by itself, and has origins of its own.
    if (DATA_API.test(path)) return
    if (origin !== undefined && !isReading(method) && senderOf(headers) === 'foreign')
      throw new LakeletError('origin_foreign', { origin: shorten(origin) })
  }
}

function hostNameOf(host: string): string {
  return (URL.parse(`http://${host}`)?.hostname ?? '').toLowerCase()
}

function isAddress(name: string): boolean {
  return isIP(name.replace(/^\[|\]$/g, '')) !== 0
}

function shorten(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text
}
