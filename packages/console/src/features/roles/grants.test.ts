import { expect, it } from 'vitest'
import { grantStatements } from './grants.ts'

it('quotes the role and gives no more than was chosen', () => {
  expect(grantStatements('none', 'a')).toEqual([])
  expect(grantStatements('read', 'a"b')).toEqual([
    'GRANT CONNECT ON DATABASE databricks_postgres TO "a""b"',
    'GRANT USAGE ON SCHEMA public TO "a""b"',
    'GRANT SELECT ON ALL TABLES IN SCHEMA public TO "a""b"',
    'ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO "a""b"',
  ])
  expect(grantStatements('create', 'a').join()).toContain('USAGE, CREATE ON SCHEMA')
})
