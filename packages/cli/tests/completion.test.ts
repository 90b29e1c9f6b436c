// Completion in the shells themselves, with the names of a workspace that runs.
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  type TestWorkspace,
  cliCommand,
  environment,
  runCommand,
  startTestWorkspace,
} from '../../../tests/system/workspace.ts'
import { PseudoTerminal, has } from './pty.ts'
import { runLakelet } from './terminal.ts'

let workspace: TestWorkspace
let options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> }

beforeAll(async () => {
  workspace = await startTestWorkspace()
  const bin = path.join(workspace.directory, 'bin')
  await mkdir(bin)
  const call = cliCommand.map((word) => `'${word}'`).join(' ')
  await writeFile(path.join(bin, 'lakelet'), `#!/bin/sh\nexec ${call} "$@"\n`, { mode: 0o755 })
  const own = environment(workspace.home)
  const env = { ...own, LAKELET_DATA_DIR: workspace.dataDir, PATH: `${bin}:${own['PATH']}` }
  options = { cwd: workspace.home, env }
  for (const shell of ['bash', 'zsh', 'fish']) {
    await writeFile(path.join(workspace.home, `c.${shell}`), await workspace.cli(['completion', shell]))
  }
  await workspace.cli(['postgres', 'create-project', 'shop'])
  await workspace.cli(['apps', 'create', 'till', '--no-compute'])
  await workspace.cli(['workspace', 'mkdirs', `/Workspace/Users/${workspace.user}/till`])
})

afterAll(() => workspace?.[Symbol.asyncDispose]())

it.each([
  ['lakelet postgres get-project ', ['projects/shop']],
  ['lakelet -o json postgres list-roles projects/s', ['projects/shop/branches/production']],
  ['lakelet postgres get-endpoint projects/shop/b', ['projects/shop/branches/production/endpoints/primary']],
  ['lakelet postgres get-database ', ['projects/shop/branches/production/databases/databricks-postgres']],
  ['lakelet postgres create-branch p', ['projects/shop']],
  ['lakelet psql --project ', ['shop']],
  ['lakelet psql --project shop --branch=', ['--branch=production']],
  ['lakelet apps logs ', ['till']],
  ['lakelet open ', ['till']],
  ['lakelet workspace list /Workspace/U', ['/Workspace/Users/']],
  ['lakelet apps --output ', ['text', 'json']],
  ['lakelet apps list --out', ['--output']],
  ['lakelet apps create-', ['create-update']],
  ['lakelet --pro', ['--profile']],
  ['lakelet apps get till ', []],
  ['lakelet env pu', ['pull']],
  ['lakelet env pull --bran', ['--branch']],
  ['lakelet dev -- npm ', [':files']],
  ['lakelet sync ', [':files']],
  ['lakelet psql -- -', [':files']],
  ['lakelet postgres get-catalog', []],
  ['lakelet --data-dir /nowhere apps get ', []],
])('knows what may follow %j', async (line, expected) => {
  const shown = await workspace.cli(['__complete', '--', ...line.split(' ').slice(1)])
  expect(shown.split('\n').flatMap((each) => each.split('\t')[0] || [])).toEqual(expected)
})

it('completes profiles, and nothing where no workspace runs', async () => {
  const home = path.join(workspace.directory, 'other')
  await mkdir(home)
  await writeFile(path.join(home, '.databrickscfg'), '[work]\nhost = https://h.example\n')
  const at = { cwd: home, home }
  expect(await runLakelet(['__complete', '--', '-p', 'w'], at)).toEqual({
    code: 0,
    stdout: 'work\n',
    stderr: '',
  })
  expect(await runLakelet(['__complete', '--', 'apps', 'get', ''], at)).toEqual({
    code: 0,
    stdout: '',
    stderr: '',
  })
})

it('says how to install it', async () => {
  const { stdout } = await runLakelet(['completion'], { cwd: workspace.home })
  expect(stdout).toMatchInlineSnapshot(`
    "bash  echo 'source <(lakelet completion bash)' >> ~/.bashrc
    zsh   echo 'source <(lakelet completion zsh)' >> ~/.zshrc
    fish  lakelet completion fish > ~/.config/fish/completions/lakelet.fish
    "
  `)
  const wrong = await runLakelet(['completion', 'tcsh'], { cwd: workspace.home })
  expect(wrong).toMatchObject({ code: 2, stdout: '' })
  for (const shell of ['bash', 'zsh', 'fish']) {
    const script = await workspace.cli(['completion', shell])
    await expect(script).toMatchFileSnapshot(`completion.snapshot.${shell}`)
  }
})

/** Types each line and a tab at a prompt of an interactive shell; what it shows then must match. */
async function expectTyped(
  shell: readonly string[],
  script: string,
  lines: readonly (readonly [typed: string, shows: RegExp])[],
): Promise<void> {
  for (const [typed, shows] of lines) {
    // A shell of its own for each line: what Ctrl-C throws away depends on when it comes.
    await using terminal = new PseudoTerminal(shell, options)
    terminal.type(`source ${script}; echo rea''dy\r`)
    await terminal.shows(/ready/)
    const from = terminal.output.length
    terminal.type(`${typed}\t`)
    await terminal.shows(shows, from)
    expect(terminal.output.slice(from)).toMatch(shows)
  }
}

const BRANCH = ['lakelet postgres get-branch proj', /projects\/shop\/branches\/production/] as const

it.skipIf(!has('bash') || !has('script'))('completes in bash (skipped without bash and script)', async () => {
  expect.hasAssertions()
  await expectTyped(['bash', '--norc', '--noprofile', '-i'], 'c.bash', [
    BRANCH,
    ['lakelet apps list --output=j', /--output=json/],
    ['lakelet sync c.ba', /c\.bash/],
    [`lakelet workspace list /Workspace/Users/${workspace.user.slice(0, 10)}`, /example\.com\//],
  ])
})

it.skipIf(!has('zsh') || !has('script'))('completes in zsh (skipped without zsh and script)', async () => {
  expect.hasAssertions()
  await expectTyped(['zsh', '-f', '-i'], 'c.zsh', [BRANCH, ['lakelet apps list --output=j', /--output=.*on/]])
})

it.skipIf(!has('fish'))('completes in fish (skipped without fish)', async () => {
  const ask = async (line: string) => {
    const script = `source c.fish; complete -C '${line}'`
    const { stdout, stderr } = await runCommand(['fish', '--no-config', '-c', script], options)
    expect(stderr).toBe('')
    return stdout
  }
  expect(await ask('lakelet postgres get-branch proj')).toBe('projects/shop/branches/production\n')
  expect(await ask('lakelet apps logs ')).toBe('till\n')
  expect(await ask('lakelet apps del')).toBe('delete\tDelete an app with its service principal\n')
  expect(await ask('lakelet sync c.fi')).toContain('c.fish')
})
