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
  expect(await runLakelet(['--version'], { cwd })).toMatchObject({ code: 0, stdout: `${program.version}\n` })
})
