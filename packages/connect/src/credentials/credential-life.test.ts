import { describe, expect, test } from 'vitest'
import { credentialLifeMs, tokenFault } from './credential-life.ts'

const HOUR = 3_600_000
const now = Date.parse('2026-01-01T12:00:00.400Z')
const serverTimeMs = Date.parse('2026-01-01T12:00:00Z')
const jwt = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`

const life = (
  expireTime: string | undefined,
  more: { token?: string; ttl?: number; server?: number | undefined; at?: number } = {},
) =>
  credentialLifeMs(
    { token: more.token ?? 'a.b.c', expireTime, serverTimeMs: 'server' in more ? more.server : serverTimeMs },
    more.ttl,
    more.at ?? now,
  )

describe('the life of a credential', () => {
  test.each([
    ['by the server clock, a second finer by the local one', '2026-01-01T12:10:00Z', {}, 599_600],
    [
      'a local clock that is an hour off changes a second at most',
      '2026-01-01T12:10:00Z',
      { at: now - HOUR },
      600_000,
    ],
    ['a local clock that is an hour ahead too', '2026-01-01T12:10:00Z', { at: now + HOUR }, 599_000],
    ['a zone is honoured', '2026-01-01T14:10:00+02:00', {}, 599_600],
    ['no zone is UTC', '2026-01-01T12:10:00', {}, 599_600],
    ['an hour at most', '2026-01-01T13:00:30Z', {}, HOUR],
    ['ten years: as asked for', '2036-01-01T12:00:00Z', { ttl: 600 }, 600_000],
    ['past: as asked for', '2025-01-01T12:00:00Z', { ttl: 600 }, 600_000],
    ['unreadable: an hour', 'soon', {}, HOUR],
    ['absent: what the token says of itself', undefined, { token: jwt({ iat: 100, exp: 400 }) }, 300_000],
    [
      'without a Date header: from the token',
      '2026-01-01T12:10:00Z',
      { server: undefined, token: jwt({ iat: serverTimeMs / 1000 }) },
      599_600,
    ],
  ])('%s', (_name, expireTime, more, expected) => {
    expect(life(expireTime, more)).toBe(expected)
  })
})

test('what cannot be a database credential', () => {
  expect(tokenFault('dapi0123456789')).toMatch(/personal access token/)
  expect(tokenFault('a.b')).toMatch(/not a JSON web token/)
  expect(tokenFault('a.b.c d')).toMatch(/not a JSON web token/)
  expect(tokenFault('eyJhbGciOiJub25lIn0.e30.c2ln')).toBeUndefined()
})
