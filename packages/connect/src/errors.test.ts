import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { createConnector } from './connector.ts'
import { LakebaseError, redact } from './errors.ts'
import { createPool } from './pg/index.ts'

test('what looks like a secret is blotted out of messages', () => {
  const text =
    'Bearer abcdefgh12345 dapi0123456789abcdef eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl dose0123456789'
  expect(redact(text)).toBe('[redacted] [redacted] [redacted] [redacted]')
  expect(new LakebaseError('CLOSED', text).message).not.toMatch(/abcdefgh|0123456789|eyJ/)
})

test('nothing that can be printed shows a secret', () => {
  const env = {
    DATABRICKS_HOST: 'https://h',
    DATABRICKS_TOKEN: 'top-secret',
    PGHOST: 'h',
    LAKEBASE_ENDPOINT: 'projects/p/branches/b/endpoints/e',
  }
  const connector = createConnector({ env, auth: { token: 'other-secret', host: 'https://h' } })
  const printed =
    inspect(connector, { depth: 10, showHidden: true }) +
    inspect(connector.getOptions(), { depth: 10 }) +
    inspect(createPool({ env, auth: { token: 'other-secret', host: 'https://h' } }), { depth: 10 })
  expect(printed).not.toMatch(/top-secret|other-secret/)
})
