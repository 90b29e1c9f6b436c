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
