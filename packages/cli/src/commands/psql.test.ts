import { expect, it } from 'vitest'
import { psqlArguments } from './psql.ts'

const login = { host: 'h', port: 5499, user: 'u@example.com', password: 'secret', caFile: undefined }

it('says where to connect, unless the arguments after -- do', () => {
  const head = ['--host=h', '--username=u@example.com']
  expect(psqlArguments(login, ['-c', 'SELECT 1'])).toEqual([
    ...head,
    '--port=5499',
    '--dbname=databricks_postgres',
    '-c',
    'SELECT 1',
  ])
  expect(psqlArguments(login, ['-p', '1', '--dbname=x'])).toEqual([...head, '-p', '1', '--dbname=x'])
  expect(psqlArguments(login, []).join(' ')).not.toContain('secret')
})
