import { describe, expect, it } from 'vitest'
import { readErrorHeader, writeErrorHeader } from './error-header.ts'
import { errorTexts, headerInJapanese } from './ja/index.ts'
import { reasons } from './ja/reasons.ts'
import { because, errorCatalogue, LakeletError } from './lakelet-error.ts'
import { reasonCatalogue } from './reasons.ts'

describe('the header lakelet-error', () => {
  it('says an error with its reason in another language than the message', () => {
    const reason = because('ttl_range', { seconds: 0, most: 2_592_000 })
    const error = new LakeletError('invalid_parameter', { reason })
    expect(error.message).toBe("Field 'spec.ttl' is 0s; it must be between 1s and 2592000s (30 days).")
    expect(headerInJapanese(writeErrorHeader(error))).toContain('有効期間 (spec.ttl) が 0 秒')
  })

  it('shortens what would not fit, and leaves out what cannot be made short enough', () => {
    const long = {
      code: 'app_build_failed',
      params: { command: 'npm', ending: 'failed', log: '日本'.repeat(1e5) },
    } as const
    const header = writeErrorHeader(long) ?? ''
    expect(header.length).toBeLessThan(3073)
    expect(readErrorHeader(header)?.params['command']).toBe('npm')
    const params = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`p${index}`, 'x']))
    expect(writeErrorHeader({ code: 'internal', params })).toBeUndefined()
    expect(writeErrorHeader({ code: 'internal', params: { requestId: '\ud800' } })).toBeDefined()
  })

  it.each([
    ['nothing', undefined],
    ['not percent-encoded', '%'],
    ['no JSON', 'x'],
    ['another version', encodeURIComponent('{"code":"unheard_of","params":{}}')],
    ['a foreign prototype', encodeURIComponent('{"code":"toString","params":{}}')],
    [
      'nested wrongly',
      encodeURIComponent('{"code":"internal","params":{"a":{"reason":"none","params":{}}}}'),
    ],
  ])('is understood as none: %s', (_what, header) => {
    expect(readErrorHeader(header)).toBeUndefined()
  })
})

describe('Japanese texts', () => {
  const places = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1])
  const areIn = (text: string, english: string) =>
    places(text).every((place) => places(english).includes(place))

  it('name only parameters that the error has', () => {
    const wrong = Object.entries(errorTexts).filter(
      ([code, text]) => !areIn(text, errorCatalogue[code as keyof typeof errorTexts].message),
    )
    expect(wrong).toEqual([])
  })

  it('name only parameters that the reason has; a checker’s own words come with their limits', () => {
    const wrong = Object.entries(reasons).filter(([code, text]) => {
      const english = reasonCatalogue[code as keyof typeof reasons]
      return english !== '{message}' && !areIn(text, english)
    })
    expect(wrong).toEqual([])
  })
})
