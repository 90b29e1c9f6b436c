// Cookies between a visitor, the proxy and an app. Browsers share cookies between all ports of a host, so an app could read the
// workspace's session cookie and could set another one: neither may pass, however it is spelt.

/** What may stand before a cookie's name without being part of it: blanks, quotes, and the `=` of a cookie without a name. */
const BEFORE_NAME = String.raw`[\s="'\u0000-\u001f\u007f-\u00a0]*`

/** A cookie of the workspace itself at the start of a text. RFC 6265bis §5.6: `=a=b` is a nameless cookie that is sent as `a=b`. */
const PLATFORM_COOKIE = new RegExp(`^${BEFORE_NAME}(?:__host-|__secure-|__http-|__host-http-)?lakelet_`, 'i')

/** The same after each separator: some clients split one header at commas into several cookies, as RFC 2109 had it. */
const PLATFORM_COOKIE_WITHIN = new RegExp(
  `[,;]${BEFORE_NAME}(?:__host-|__secure-|__http-|__host-http-)?lakelet_`,
  'i',
)

/** A `Cookie` header without the workspace's own cookies; empty when nothing is left. */
export function withoutPlatformCookies(header: string): string {
  return header
    .split(';')
    .map((each) => each.trim())
    .filter((each) => each !== '' && !isPlatformCookie(each))
    .join('; ')
}

/** Whether a `Set-Cookie` header, or one pair of a `Cookie` header, is about a cookie of the workspace. */
export function isPlatformCookie(text: string): boolean {
  return PLATFORM_COOKIE.test(text) || PLATFORM_COOKIE_WITHIN.test(text)
}
