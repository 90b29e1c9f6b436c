// Guards of requests that a cookie authenticates: a page of another site must not be able to make a browser send them.

import type { IncomingHttpHeaders } from 'node:http'

/**
 * Whether a browser sent the request from a page of this very origin. Browsers send Origin with every POST, and
 * Sec-Fetch-Site with every request to a trustworthy address (Fetch Metadata); a request without either is not from a browser's form.
 */
export function isSameOrigin(headers: IncomingHttpHeaders): boolean {
  if (isFromForeignPage(headers)) return false
  if (headers.origin === undefined) return headers['sec-fetch-site'] !== undefined
  const origin = URL.parse(headers.origin)
  return origin !== null && origin.host === headers.host
}

/** Whether a browser says that a page of another origin (or port) made it send the request. Nothing but a browser says so. */
export function isFromForeignPage(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site']
  return site !== undefined && site !== 'same-origin' && site !== 'none'
}

/**
 * Where to go after signing in: `next` when it is a path of this workspace or an origin that `allows` knows, else `/`.
 * Anything that a browser could read as another host is refused (`//host`, `/\host`, control characters).
 */
export function safeNext(next: string | undefined, baseUrl: string, allows: (url: URL) => boolean): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what this looks for: browsers drop them inside URLs
  if (next === undefined || /[\u0000-\u001f\u007f\\]/.test(next)) return '/'
  const base = new URL(baseUrl)
  const url = URL.parse(next, base.href)
  if (!url || url.username !== '' || url.password !== '') return '/'
  if (url.origin === base.origin) return `${url.pathname}${url.search}${url.hash}`.replace(/^\/{2,}/, '/')
  return ['http:', 'https:'].includes(url.protocol) && allows(url) ? url.href : '/'
}
