import { expect, it } from 'vitest'
import { mayPass, psqlArguments } from './psql.ts'

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

it('tries again only where it did not come in, for what may pass', () => {
  const refused = (reason: string) =>
    `psql: error: connection to server at "127.0.0.1", port 1 failed: ${reason}\n`
  for (const reason of [
    'Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?',
    'FATAL:  the database system is starting up',
    'FATAL:  Too many connections of the endpoint; the limit is 3. Close idle connections or try again later.',
    "FATAL:  Couldn't connect to compute node: there is no memory for one more compute.",
  ]) {
    expect(mayPass(refused(reason)), reason).toBe(true)
  }
  for (const stderr of [
    refused('FATAL:  password authentication failed for user "anna"'),
    refused('FATAL:  database "nope" does not exist'),
    refused(
      'FATAL:  WRONG_LSN_OR_TIMESTAMP: 2026-01-01T00:00:00.000Z is outside of the history of the source branch',
    ),
    'FATAL:  terminating connection due to administrator command\nserver closed the connection unexpectedly\nconnection to server was lost\n',
    'psql:a.sql:3: error: connection to server was lost\n',
  ]) {
    expect(mayPass(stderr), stderr).toBe(false)
  }
})
