import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Asked, Confirmations } from './confirmations.ts'

const asked: Asked = {
  tool: 'delete_branch',
  caller: 'me',
  input: { branch: 'dev', project: 'p' },
  state: ['uid', 1],
}

describe('confirmations', () => {
  it('takes a word once, for the same, whatever the order of the fields', () => {
    const confirmations = new Confirmations()
    const word = confirmations.ask(asked)
    const same = { ...asked, input: { project: 'p', branch: 'dev', other: undefined } }
    expect(confirmations.take(word, same)).toBe(true)
    expect(confirmations.take(word, same)).toBe(false)
  })

  it('takes it for nothing else, and then not for the same any more', () => {
    for (const other of [
      { tool: 'reset_branch' },
      { caller: 'you' },
      { input: { branch: 'production', project: 'p' } },
      { state: ['uid', 2] },
    ]) {
      const confirmations = new Confirmations()
      const word = confirmations.ask(asked)
      expect(confirmations.take(word, { ...asked, ...other })).toBe(false)
      expect(confirmations.take(word, asked)).toBe(false)
    }
    fc.assert(fc.property(fc.string(), (word) => !new Confirmations().take(word, asked)))
  })

  it('forgets', () => {
    let now = 0
    const confirmations = new Confirmations(() => now)
    const word = confirmations.ask(asked)
    now = 10 * 60_000 + 1
    expect(confirmations.take(word, asked)).toBe(false)
    const first = confirmations.ask(asked)
    for (let more = 0; more < 1000; more++) confirmations.ask(asked)
    expect(confirmations.take(first, asked)).toBe(false)
  })

  it('tells inputs apart that look alike', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, two) => {
        const confirmations = new Confirmations()
        const word = confirmations.ask({ ...asked, input: one })
        const same = JSON.stringify(sorted(one)) === JSON.stringify(sorted(two))
        expect(confirmations.take(word, { ...asked, input: two })).toBe(same)
      }),
    )
  })
})

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, each]) => [key, sorted(each)])
}
