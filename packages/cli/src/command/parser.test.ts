import { expect, it } from 'vitest'
import { program } from '../program.ts'
import { parseCommandLine } from './parser.ts'

async function parse(...argv: string[]) {
  const parsed = await parseCommandLine(program, argv)
  if ('help' in parsed) throw new Error(`help instead of a command:\n${parsed.help}`)
  return parsed
}

it('gives handlers parsed values, defaults among them', async () => {
  const { input } = await parse('apps', 'deploy', 'my-app')
  expect(input.arguments).toEqual({ appName: 'my-app' })
  expect(input.options).toEqual({
    sourceCodePath: undefined,
    mode: undefined,
    json: undefined,
    noWait: false,
    timeout: 1_200_000,
  })
  const given = await parse('apps', 'deploy', 'my-app', '--no-wait', '--timeout', '1m30s', '--mode=SNAPSHOT')
  expect(given.input.options).toMatchObject({ noWait: true, timeout: 90_000, mode: 'SNAPSHOT' })
})

it('collects repeated options', async () => {
  const { input } = await parse('sync', '.', '/x', '--exclude', 'a', '--exclude=b')
  expect(input.options).toMatchObject({ exclude: ['a', 'b'], include: [], interval: 1000, watch: false })
})

it('splits lists at commas where the option says so', async () => {
  const { input } = await parse(
    'sync',
    '.',
    '/x',
    '--exclude',
    'a,b',
    '--exclude',
    '"c,d",e',
    '--include=*.{x',
  )
  expect(input.options).toMatchObject({ exclude: ['a', 'b', 'c,d', 'e'], include: ['*.{x'] })
})

it('keeps the words after -- for commands that pass them on', async () => {
  const { input } = await parse('psql', 'projects/p', '--project', 'x', '--', '-c', 'SELECT 1', '--debug')
  expect(input).toMatchObject({
    arguments: { target: 'projects/p' },
    options: { project: 'x', maxRetries: 3 },
    rest: ['-c', 'SELECT 1', '--debug'],
  })
  const other = await parse('sync', '--', '-odd', '/x')
  expect(other.input).toMatchObject({ arguments: { src: '-odd', dst: '/x' }, rest: [] })
})

it('reads the options of every command anywhere behind it', async () => {
  expect(
    await parse('apps', 'list', '-o', 'json', '-p', 'work', '--debug', '--field', '0.name'),
  ).toMatchObject({
    format: 'json',
    profile: 'work',
    isDebug: true,
    field: '0.name',
  })
})

it('reads the options of every command, and its own, before it, between its words and in the forms of the official CLI', async () => {
  const lines = [
    ['-o', 'json', '--debug', 'apps', 'deploy', 'a', '--no-wait'],
    ['--no-wait', 'apps', '-o', 'json', 'deploy', 'a', '--debug'],
    ['apps', '--debug=true', 'deploy', '--no-wait=true', 'a', '-o=json'],
    ['-ojson', 'apps', '--timeout', '20m', 'deploy', '--debug', '--no-wait', 'a'],
    ['--output=json', '--debug', '--timeout=20m', '--no-wait', 'apps', 'deploy', 'a'],
  ]
  for (const line of lines) {
    expect(await parse(...line)).toMatchObject({
      command: { path: ['apps', 'deploy'] },
      format: 'json',
      isDebug: true,
      input: { arguments: { appName: 'a' }, options: { noWait: true, timeout: 1_200_000 } },
    })
  }
  const off = await parse('apps', 'deploy', 'a', '--no-wait=false', '--json', '--debug=true')
  expect(off).toMatchObject({ isDebug: false, input: { options: { noWait: false, json: '--debug=true' } } })
  expect(await parse('-p', 'apps', 'status')).toMatchObject({ profile: 'apps' })
  expect(await parse('--debug', 'psql', '--', '-o', 'json')).toMatchObject({
    format: 'text',
    input: { rest: ['-o', 'json'] },
  })
})
