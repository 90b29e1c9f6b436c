import { expect, it } from 'vitest'
import { traced, withoutSecrets } from './trace.ts'

it('shows requests and replies, and no secret', async () => {
  let shown = ''
  const answer = {
    access_token: 'S1',
    nested: [{ client_secret: 'S2', name: 'n' }],
    url: 'http://h/l?code=S3&a=b',
  }
  const send = traced(() => Promise.resolve(Response.json(answer)), { stderr: (text) => (shown += text) })
  const reply = await send('http://h/x?token=S4&q=1', {
    method: 'POST',
    headers: { authorization: 'Bearer S5', 'content-type': 'application/x-www-form-urlencoded' },
    body: 'grant_type=client_credentials&client_secret=S6',
  })
  expect(await reply.json()).toEqual(answer)
  expect(shown).not.toMatch(/S\d/)
  expect(shown).toContain(`> POST http://h/x?token=********&q=1
> grant_type=client_credentials&client_secret=********
`)
  expect(shown).toMatch(/< POST .* → 200 in \d+ ms\n< \{\n<   "access_token": "\*+",\n/)
  expect(shown).toContain('<   "url": "http://h/l?code=********&a=b"')
})

it('shows no file and passes failures on', async () => {
  let shown = ''
  const terminal = { stderr: (text: string) => (shown += text) }
  await traced(() => Promise.resolve(new Response('content')), terminal)('http://h/f', {
    method: 'PUT',
    body: new Uint8Array(3),
  })
  expect(shown).toContain('> [3 bytes]')
  expect(shown).not.toContain('content')
  await expect(traced(() => Promise.reject(new Error('no way')), terminal)('http://h/f')).rejects.toThrow(
    'no way',
  )
  expect(shown).toContain('< GET http://h/f failed: no way')
})

it('keeps what only sounds like a secret', () => {
  const harmless = { error_code: 'NOT_FOUND', next_page_token: 'p', token_type: 'Bearer', pg_version: 1 }
  expect(withoutSecrets(harmless)).toEqual(harmless)
})
