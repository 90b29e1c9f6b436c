// How long a token lives, read from the token itself; whether it is genuine is the server's business.

/** Whether a text holds a token of the platform that ends: a JWT. */
export function isToken(text: string): boolean {
  return /\beyJ[\w-]+\.[\w-]+\.[\w-]+/.test(text)
}

/** Whether more than half of the life of a JWT is left. */
export function isLastingToken(token: string): boolean {
  try {
    const [, payload = ''] = token.split('.')
    const { iat, exp } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
    return Number(exp) - Date.now() / 1000 > (Number(exp) - Number(iat)) / 2
  } catch {
    return false
  }
}
