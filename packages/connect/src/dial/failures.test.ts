import { expect, test } from 'vitest'
import { ServerRefusal, judge } from './failures.ts'

test.each([
  ['57P03', 'the database system is starting up', 'wake'],
  ['08006', "Couldn't connect to compute node", 'wake'],
  ['XX000', "Couldn't connect to compute node", 'wake'],
  ['08006', 'Control plane request failed: endpoint is disabled', 'final'],
  ['08006', 'endpoint cannot be found', 'final'],
  ['53300', 'sorry, too many clients already', 'busy'],
  ['XX000', 'Too many connections attempts', 'busy'],
  ['28P01', 'password authentication failed', 'token'],
  ['28000', 'External authorization failed', 'token'],
  ['3D000', 'database "x" does not exist', 'final'],
  ['42501', 'permission denied', 'final'],
])('%s %s is %s', (code, message, verdict) => {
  expect(judge(new ServerRefusal({ code, message }))).toBe(verdict)
})

test.each([
  ['ECONNREFUSED', 'wake'],
  ['ECONNRESET', 'wake'],
  ['EAI_AGAIN', 'wake'],
  ['ENOTFOUND', 'resolve'],
  ['CERT_HAS_EXPIRED', 'final'],
  ['EACCES', 'final'],
])('%s is %s', (code, verdict) => {
  expect(judge(Object.assign(new Error(code), { code }))).toBe(verdict)
  expect(judge(new AggregateError([Object.assign(new Error(code), { code })]))).toBe(verdict)
})
