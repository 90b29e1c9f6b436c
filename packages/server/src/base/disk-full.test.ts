import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { isDiskFull } from './disk-full.ts'
import { knownError, LakeletError } from './errors.ts'

function withCode(code: string): Error {
  return Object.assign(new Error(code), { code })
}

function thrownBy(work: () => void): unknown {
  try {
    work()
    return undefined
  } catch (error) {
    return error
  }
}

it('knows a full disk from the system, from Postgres and from a cause', () => {
  expect([withCode('ENOSPC'), withCode('EDQUOT'), withCode('53100')].map(isDiskFull)).toEqual([
    true,
    true,
    true,
  ])
  expect(isDiskFull(new Error('step failed', { cause: withCode('ENOSPC') }))).toBe(true)
  expect(isDiskFull(new AggregateError([new Error('one'), withCode('ENOSPC')]))).toBe(true)
  expect([withCode('EACCES'), withCode('53200'), 'ENOSPC', null].map(isDiskFull)).toEqual([
    false,
    false,
    false,
    false,
  ])
  const round = new Error('a')
  round.cause = round
  expect(isDiskFull(round)).toBe(false)
})

it('knows the error of a SQLite file that cannot grow', () => {
  using store = new DatabaseSync(':memory:')
  store.exec('CREATE TABLE t (x); PRAGMA max_page_count = 2')
  const error = thrownBy(() => {
    store.exec('INSERT INTO t VALUES (zeroblob(100000))')
  })
  expect(isDiskFull(error)).toBe(true)
  expect(knownError(error, 'r').code).toBe('disk_full')
})

it('gives errors of the catalogue as they are', () => {
  const known = new LakeletError('client_gone')
  expect(knownError(known, 'r')).toBe(known)
  expect(knownError(new Error('x'), 'r')).toMatchObject({ code: 'internal', params: { requestId: 'r' } })
})
