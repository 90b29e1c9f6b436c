// Sign-ins by browser, in the file that the official CLI uses for them: ~/.databricks/token-cache.json.
import path from 'node:path'
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { isMissing, writePrivateFile } from './config-file.ts'
import type { OAuthToken } from './oauth.ts'

const entry = z.looseObject({
  access_token: z.string(),
  token_type: z.string().default('Bearer'),
  refresh_token: z.string().optional(),
  expiry: z.string().optional(),
})

const cacheFile = z.looseObject({ version: z.literal(1), tokens: z.record(z.string(), entry) })

export class TokenCache {
  readonly #file: string

  constructor(home: string) {
    this.#file = path.join(home, '.databricks', 'token-cache.json')
  }

  /** The first stored token of `keys` (a profile's name or a host). */
  async find(
    keys: readonly string[],
  ): Promise<{ readonly key: string; readonly token: OAuthToken } | undefined> {
    const { tokens } = await this.#read()
    const key = keys.find((each) => tokens[each])
    const stored = key === undefined ? undefined : tokens[key]
    if (key === undefined || !stored) return undefined
    return {
      key,
      token: {
        accessToken: stored.access_token,
        tokenType: stored.token_type,
        refreshToken: stored.refresh_token,
        expiry: stored.expiry === undefined ? undefined : new Date(stored.expiry),
      },
    }
  }

  async store(keys: readonly string[], token: OAuthToken): Promise<void> {
    const cache = await this.#read()
    const stored = {
      access_token: token.accessToken,
      token_type: token.tokenType,
      ...(token.refreshToken ? { refresh_token: token.refreshToken } : {}),
      ...(token.expiry ? { expiry: token.expiry.toISOString() } : {}),
    }
    const tokens = { ...cache.tokens, ...Object.fromEntries(keys.map((key) => [key, stored])) }
    await writePrivateFile(this.#file, `${JSON.stringify({ ...cache, tokens }, null, 2)}\n`)
  }

  async #read(): Promise<z.output<typeof cacheFile>> {
    try {
      const parsed = cacheFile.safeParse(JSON.parse(await readFile(this.#file, 'utf8')))
      if (parsed.success) return parsed.data
    } catch (error) {
      if (!isMissing(error) && !(error instanceof SyntaxError)) throw error
    }
    return { version: 1, tokens: {} }
  }
}
