// Waiting on a terminal and in a pipe: progress, what follows, and Ctrl-C.
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  type TestWorkspace,
  cliCommand,
  environment,
  startTestWorkspace,
} from '../../../tests/system/workspace.ts'
import { PseudoTerminal, has } from './pty.ts'

let workspace: TestWorkspace
let source: string

/** Takes some seconds to get ready, as an app that builds does. */
const APP = `setTimeout(() => require('node:http').createServer((_, reply) => reply.end('hi')).listen(process.env.DATABRICKS_APP_PORT), 4000)\n`

beforeAll(async () => {
  workspace = await startTestWorkspace()
  const folder = path.join(workspace.directory, 'slow')
  await mkdir(folder)
  await writeFile(path.join(folder, 'app.cjs'), APP)
  await writeFile(path.join(folder, 'app.yaml'), 'command: [node, app.cjs]\n')
  source = `/Workspace/Users/${workspace.user}/slow`
  await workspace.cli(['sync', folder, source])
  await workspace.cli(['apps', 'create', 'slow'])
})

afterAll(() => workspace?.[Symbol.asyncDispose]())

function onTerminal(argv: readonly string[], env: Readonly<Record<string, string>> = {}): PseudoTerminal {
  const own = { ...environment(workspace.home), LAKELET_DATA_DIR: workspace.dataDir, ...env }
  return new PseudoTerminal([...cliCommand, ...argv], { cwd: workspace.home, env: own })
}

const deploy = () => ['apps', 'deploy', 'slow', '--source-code-path', source]

it.skipIf(!has('script'))(
  'shows progress on a terminal, then what follows (skipped without script)',
  async () => {
    await using terminal = onTerminal(deploy())
    await terminal.shows(/⠋ Deploying slow … \d s/)
    expect(await terminal.ended()).toBe(0)
    // The line is gone before the answer comes.
    expect(terminal.output).toContain('\r\u001B[K{\r\n  "deployment_id"')
    expect(terminal.output).toMatch(/slow runs at http:\S+\r\n'lakelet open slow' shows it/)
  },
)

it.skipIf(!has('script'))('writes no control codes with NO_COLOR (skipped without script)', async () => {
  await using terminal = onTerminal(['apps', 'stop', 'slow'], { NO_COLOR: '1' })
  expect(await terminal.ended()).toBe(0)
  expect(terminal.output).not.toContain('\u001B')
})

it('writes plain lines where it is piped, and the answer alone to standard output', async () => {
  await workspace.cli(['apps', 'start', 'slow'])
  const { code, stdout, stderr } = await workspace.lakelet(deploy())
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ status: { state: 'SUCCEEDED' } })
  expect(stderr.replace(/^Workspace: .*\n/, '')).toBe('Deploying slow …\n')
})

it.skipIf(!has('script'))(
  'goes on without who presses Ctrl-C, and says so (skipped without script)',
  async () => {
    await using terminal = onTerminal(deploy())
    await terminal.shows(/Deploying slow … \d s/)
    terminal.type('\u0003')
    expect(await terminal.ended()).toBe(130)
    const [, id = ''] =
      /'lakelet apps get-deployment slow (\w+)' shows how far it is\./.exec(terminal.output) ?? []
    expect(terminal.output).toContain(
      '\r\u001B[KError: Interrupted while waiting for the deployment of slow; it goes on.',
    )
    const shown = ['apps', 'get-deployment', 'slow', id, '--field', 'status.state']
    await expect.poll(() => workspace.cli(shown), { timeout: 90_000, interval: 500 }).toBe('SUCCEEDED\n')
  },
)

it('follows a log for as long as it is told to', async () => {
  const { code, stdout } = await workspace.lakelet(['apps', 'logs', 'slow', '-f', '--timeout', '2s'])
  expect(code).toBe(0)
  expect(stdout).toContain('[SYSTEM]')
})

it('shows requests with --debug and no token', async () => {
  const { stderr } = await workspace.lakelet(['--debug', 'apps', 'list', '-o', 'json'])
  expect(stderr).toMatch(/> GET http:\S+\/api\/2\.0\/apps\n< GET \S+ → 200 in \d+ ms\n< \{/)
  expect(stderr).not.toContain(workspace.token)
})
