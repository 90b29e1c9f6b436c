import { expect, it } from 'vitest'
import { grantStatements } from './grants.ts'

const place = { database: 'shop"s', schema: 'Sales' }

it('quotes names and gives no more than was chosen', () => {
  expect(grantStatements('none', 'a', place)).toEqual([])
  expect(grantStatements('read', 'a', { ...place, schema: '' })).toEqual([])
  expect(grantStatements('read', 'a"b', place)).toEqual([
    'GRANT CONNECT ON DATABASE "shop""s" TO "a""b"',
    'GRANT USAGE ON SCHEMA "Sales" TO "a""b"',
    'GRANT SELECT ON ALL TABLES IN SCHEMA "Sales" TO "a""b"',
    'ALTER DEFAULT PRIVILEGES IN SCHEMA "Sales" GRANT SELECT ON TABLES TO "a""b"',
  ])
  expect(grantStatements('create', 'a', place).join()).toContain('USAGE, CREATE ON SCHEMA "Sales"')
})
