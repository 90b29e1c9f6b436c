// A request as far as it is known before its body, and which page made a browser send it.
import type { IncomingHttpHeaders } from 'node:http'

export interface RequestHead {
  readonly method: string
  /** Path without the query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
}

const READING = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Whether a method changes nothing. */
export function isReading(method: string | undefined): boolean {
  return READING.has(method ?? '')
}

/**
 * Who made a browser send a request: a page of the address that it goes to (`own`; also a person who typed it), a page of another
 * host or port (`foreign`), or `unsaid`: no browser, or an old one that only reads. Browsers send Origin with every request that
 * writes, and Sec-Fetch-Site with every one to a trustworthy address (Fetch Metadata), which no page can forge; a page of our own
 * under a no-referrer policy has the origin `null`, so the latter goes first.
 */
export function senderOf(headers: IncomingHttpHeaders): 'own' | 'foreign' | 'unsaid' {
  const site = headers['sec-fetch-site']
  if (site === 'same-origin') return 'own'
  if (site !== undefined && site !== 'none') return 'foreign'
  if (headers.origin === undefined) return site === 'none' ? 'own' : 'unsaid'
  return URL.parse(headers.origin)?.host === headers.host?.toLowerCase() ? 'own' : 'foreign'
}
