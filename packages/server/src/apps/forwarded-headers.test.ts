import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Caller } from '../base/caller.ts'
import { withoutPlatformCookies } from './cookies.ts'
import { headersToApp, headersToVisitor, type Visit } from './forwarded-headers.ts'

const caller: Caller = {
  id: 1,
  kind: 'user',
  name: 'ann@example.com',
  displayName: 'Ann Å',
  isAdmin: false,
  groups: [],
}
const visit: Visit = {
  caller,
  via: 'session',
  host: '127.0.0.1:8101',
  address: '127.0.0.1',
  requestId: 'id-1',
  accessToken: undefined,
}

function valuesOf(headers: readonly string[], name: string): string[] {
  return headers.filter((_, index) => index % 2 === 1 && headers[index - 1]?.toLowerCase() === name)
}

describe('headersToApp', () => {
  it('replaces every claim about the visitor by the truth', () => {
    const spoofed = [
      'X-Forwarded-Email',
      'boss@example.com',
      'x_forwarded_user',
      'boss',
      'X-Real-IP',
      '6.6.6.6',
    ]
    const headers = headersToApp([...spoofed, 'Forwarded', 'for=6.6.6.6', 'X-Request-Id', 'mine'], visit)
    expect(valuesOf(headers, 'x-forwarded-email')).toEqual(['ann@example.com'])
    expect(valuesOf(headers, 'x-forwarded-user')).toEqual(['ann@example.com'])
    expect(valuesOf(headers, 'x-real-ip')).toEqual(['127.0.0.1'])
    expect(valuesOf(headers, 'x-request-id')).toEqual(['id-1'])
    expect(headers.join('\n')).not.toMatch(/boss|6\.6\.6\.6|mine/)
    expect(
      Buffer.from(valuesOf(headers, 'x-forwarded-preferred-username')[0] ?? '', 'latin1').toString(),
    ).toBe('Ann Å')
  })

  it('keeps a token that was for the proxy, and only that', () => {
    const raw = ['Authorization', 'Bearer t']
    expect(valuesOf(headersToApp(raw, { ...visit, via: 'token' }), 'authorization')).toEqual([])
    expect(valuesOf(headersToApp(raw, visit), 'authorization')).toEqual(['Bearer t'])
  })

  it('drops what belongs to the connection, named ones included', () => {
    const raw = [
      'Connection',
      'keep-alive, X-Secret',
      'X-Secret',
      '1',
      'TE',
      'trailers',
      'Accept',
      'a',
      'Accept',
      'b',
    ]
    const headers = headersToApp(raw, visit)
    expect(valuesOf(headers, 'x-secret')).toEqual([])
    expect(valuesOf(headers, 'te')).toEqual([])
    expect(valuesOf(headers, 'accept')).toEqual(['a', 'b'])
  })

  it('never lets a platform cookie through, whatever stands around it', () => {
    const names = fc.constantFrom(
      'lakelet_session',
      'Lakelet_x',
      '__Host-lakelet_session',
      'sid',
      'not_lakelet_x',
    )
    const cookies = fc.array(fc.tuple(names, fc.stringMatching(/^[a-z0-9=]{0,8}$/)), { maxLength: 6 })
    fc.assert(
      fc.property(cookies, fc.constantFrom('; ', ';', ' ;  '), (list, separator) => {
        const kept = withoutPlatformCookies(list.map(([name, value]) => `${name}=${value}`).join(separator))
        const expected = list.filter(([name]) => name === 'sid' || name === 'not_lakelet_x')
        expect(kept).toBe(expected.map(([name, value]) => `${name}=${value}`).join('; '))
      }),
    )
  })
})

describe('headersToVisitor', () => {
  it('lets no app set a platform cookie', () => {
    const raw = [
      'Set-Cookie',
      'sid=1; Path=/',
      'set-cookie',
      ' LAKELET_session=x',
      'Transfer-Encoding',
      'chunked',
      'X-A',
      '1',
    ]
    expect(headersToVisitor(raw)).toEqual(['Set-Cookie', 'sid=1; Path=/', 'X-A', '1'])
  })
})
