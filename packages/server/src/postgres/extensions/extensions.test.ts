import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { parseControl } from './control-files.ts'
import { downloadFile } from './python-index.ts'

it('reads control files as Postgres does', () => {
  const text = `# comment
comment = 'it''s a thing'   # after
default_version='1.4'
module_pathname = '$libdir/thing'
requires = 'cube, earthdistance'
trusted = true
`
  expect(parseControl('thing', text)).toEqual({
    name: 'thing',
    comment: "it's a thing",
    defaultVersion: '1.4',
    library: '$libdir/thing',
    requires: ['cube', 'earthdistance'],
    isTrusted: true,
  })
  expect(parseControl('plain', 'relocatable = true\n')).toMatchObject({ isTrusted: false, requires: [] })
})

it.each(['json', 'html'])(
  'downloads from an index that answers in %s, and refuses another content',
  async (kind) => {
    const content = Buffer.from('the file')
    const seen: (string | undefined)[] = []
    const server = createServer((request, reply) => {
      seen.push(request.headers.authorization)
      const url = '../../files/x-1.whl'
      if (request.url === '/files/x-1.whl') reply.end(content)
      else if (request.url !== '/simple/x/') reply.writeHead(404).end()
      else if (kind === 'html')
        reply.setHeader('content-type', 'text/html').end(`<a href="${url}#sha256=1">x</a>`)
      else {
        reply.setHeader('content-type', 'application/vnd.pypi.simple.v1+json')
        reply.end(JSON.stringify({ files: [{ filename: 'x-1.whl', url }] }))
      }
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())))
    const { port } = server.address() as AddressInfo
    const env = { PIP_INDEX_URL: `http://me:pass@127.0.0.1:${port}/simple/` }
    const wanted = {
      project: 'x',
      file: 'x-1.whl',
      sha256: createHash('sha256').update(content).digest('hex'),
    }
    const signal = AbortSignal.timeout(10_000)
    expect(Buffer.from(await downloadFile(wanted, env, signal)).toString()).toBe('the file')
    expect(seen[0]).toBe(`Basic ${Buffer.from('me:pass').toString('base64')}`)
    await expect(downloadFile({ ...wanted, sha256: 'other' }, env, signal)).rejects.toThrow('has the SHA-256')
    await expect(downloadFile({ ...wanted, file: 'y.whl' }, env, signal)).rejects.toThrow('has no file y.whl')
  },
)
