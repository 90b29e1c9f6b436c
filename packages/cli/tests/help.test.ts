import { tmpdir } from 'node:os'
import { expect, it } from 'vitest'
import { helpOf, program } from '../src/index.ts'
import { runLakelet } from './terminal.ts'

const cwd = tmpdir()

it('has a help text for every command and group', async () => {
  const groups = Object.keys(program.groups).map((group) => [group])
  const paths = [[], ...groups, ...program.commands.map(({ path }) => path)]
  const texts = await Promise.all(paths.map((path) => helpOf(program, path)))
  const page = texts
    .map((text, index) => `## lakelet ${(paths[index] ?? []).join(' ')}\n\n${text}`)
    .join('\n')
  await expect(page).toMatchFileSnapshot('help.snapshot.txt')
})

it('shows an example of every command, and each is understood', async () => {
  const shown = program.commands.filter(({ hidden }) => !hidden)
  expect(
    shown.filter(({ examples = [] }) => examples.length === 0).map(({ path }) => path.join(' ')),
  ).toEqual([])
  for (const { path, examples = [] } of shown) {
    for (const { run } of examples) expect(run).toContain(`lakelet ${path.join(' ')}`)
  }
})

it.each([
  ['help', 'apps', 'deploy'],
  ['-h', 'apps', 'deploy'],
  ['apps', 'deploy', '--help'],
  ['apps', '-h', 'deploy'],
])('shows the same help for %s %s %s', async (...argv) => {
  const { code, stdout, stderr } = await runLakelet(argv, { cwd })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toBe(await helpOf(program, ['apps', 'deploy']))
})

it('shows the help of a group and of everything', async () => {
  const all = await helpOf(program, [])
  for (const argv of [[], ['help'], ['--help'], ['-o', 'json']]) {
    expect(await runLakelet(argv, { cwd })).toMatchObject({ code: 0, stdout: all })
  }
  expect((await runLakelet(['apps', 'help'], { cwd })).stdout).toBe(await helpOf(program, ['apps']))
  expect(await runLakelet(['help', 'depoly'], { cwd })).toMatchObject({ code: 2, stdout: '' })
})

it('lists the commands when called with none', async () => {
  const { code, stdout } = await runLakelet([], { cwd })
  expect(code).toBe(0)
  expect(stdout).toContain('Usage: lakelet')
  const group = await runLakelet(['apps'], { cwd })
  expect(group).toMatchObject({ code: 0, stdout: await helpOf(program, ['apps']) })
})

it.each([
  [['postgrse'], "'lakelet' has no command 'postgrse'. Did you mean 'lakelet postgres'?"],
  [['apps', 'depoly', 'x'], "'lakelet apps' has no command 'depoly'. Did you mean 'lakelet apps deploy'?"],
  [['postgres', 'list-project'], "Did you mean 'lakelet postgres list-projects'?"],
  [['create-project', 'x'], "Did you mean 'lakelet postgres create-project'?"],
  [['--outptu', 'json', 'status'], "Did you mean '--output'?"],
  [['apps', 'dev'], "'lakelet apps dev' is not part of Lakelet.\n'lakelet apps run-local'"],
  [['permissions', 'set', 'apps', 'a', '--json', '@none.json'], '--json names a file that cannot be read'],
  [['frobnicate'], "'lakelet' has no command 'frobnicate'.\n"],
  [['apps', 'deploy', 'x', '--source-code-pat', 'y'], "Did you mean '--source-code-path'?"],
  [['apps', 'get'], "Missing required argument 'NAME'."],
  [['apps', 'get', 'a', 'b'], 'Too many arguments'],
  [['apps', 'list', '-o', 'yaml'], 'Allowed choices are text, json'],
  [['up', '--http-port', '99999'], "'99999' is not a port"],
  [['sync', '.', '/x', '--interval', 'soon'], "'soon' is not a duration"],
])('says what is wrong with %j', async (argv, message) => {
  const { code, stdout, stderr } = await runLakelet(argv, { cwd })
  expect(stderr).toContain(message)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
})

it('prints its version', async () => {
  for (const argv of [
    ['--version'],
    ['-v'],
    ['version'],
    ['--version', 'apps'],
    ['version', '--field', 'Version'],
  ]) {
    expect(await runLakelet(argv, { cwd })).toMatchObject({ code: 0, stdout: `${program.version}\n` })
  }
  const { stdout } = await runLakelet(['version', '-o', 'json'], { cwd })
  expect(JSON.parse(stdout)).toMatchObject({ Version: program.version })
})
