// A file of the Python package index, by the index's "simple" interface (PEP 691), from the index that pip would ask.
import { createHash } from 'node:crypto'
import { z } from 'zod'

const DEFAULT_INDEX = 'https://pypi.org/simple'

const listing = z.object({ files: z.array(z.object({ filename: z.string(), url: z.string() })) })

/** Downloads `file` of `project` and checks its SHA-256. Rejects with an Error that says what failed. */
export async function downloadFile(
  wanted: { readonly project: string; readonly file: string; readonly sha256: string },
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const index = (env['PIP_INDEX_URL'] || DEFAULT_INDEX).replace(/\/+$/, '')
  const page = `${index}/${wanted.project}/`
  const accept = 'application/vnd.pypi.simple.v1+json, text/html;q=0.1'
  const answer = await get(page, { accept }, signal)
  const url = urlOf(wanted.file, answer.type, await answer.body.text(), answer.url)
  const bytes = new Uint8Array(await (await get(url, {}, signal)).body.arrayBuffer())
  const digest = createHash('sha256').update(bytes).digest('hex')
  if (digest !== wanted.sha256) throw new Error(`${url} has the SHA-256 ${digest}, not ${wanted.sha256}`)
  return bytes
}

async function get(
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<{ readonly body: Response; readonly type: string; readonly url: string }> {
  const { credentials, address } = splitCredentials(url)
  const body = await fetch(address, { headers: { ...headers, ...credentials }, signal })
  if (!body.ok) throw new Error(`${address} answered ${body.status} ${body.statusText}`)
  return { body, type: body.headers.get('content-type') ?? '', url: body.url }
}

/** fetch refuses addresses with a user name; private indexes are often written so. */
function splitCredentials(url: string): {
  readonly credentials: Readonly<Record<string, string>>
  readonly address: string
} {
  const { username, password } = new URL(url)
  if (username === '') return { credentials: {}, address: url }
  const bare = new URL(url)
  bare.username = ''
  bare.password = ''
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return {
    credentials: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` },
    address: bare.href,
  }
}

function urlOf(file: string, type: string, text: string, base: string): string {
  const url = type.includes('json')
    ? listing.parse(JSON.parse(text)).files.find(({ filename }) => filename === file)?.url
    : hrefOf(file, text)
  if (url === undefined) throw new Error(`${base} has no file ${file}`)
  return new URL(url, base).href
}

function hrefOf(file: string, page: string): string | undefined {
  const hrefs = [...page.matchAll(/href="([^"]+)"/g)].map(([, href = '']) => href.replaceAll('&amp;', '&'))
  return hrefs.find((href) => href.split('#')[0]?.endsWith(`/${file}`))
}
