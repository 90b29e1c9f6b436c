// The official inspector of the Model Context Protocol, as a client from the command line. It brings a hundred packages: only in `npm run soak`.
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isSoak } from '../hostile/duration.ts'
import {
  cliCommand,
  environment,
  runCommand,
  startTestWorkspace,
  type TestWorkspace,
} from '../system/workspace.ts'
import { npmWith } from './npm.ts'

describe.skipIf(!isSoak)('the inspector (skipped but in npm run soak: it is a large download)', () => {
  let workspace: TestWorkspace
  let inspector: string

  beforeAll(async () => {
    const directory = await npmWith(['@modelcontextprotocol/inspector@2.12.0'])
    inspector = path.join(directory, 'node_modules/.bin/mcp-inspector')
    workspace = await startTestWorkspace()
    await workspace.cli(['postgres', 'create-project', 'looked-at'])
  })
  afterAll(() => workspace?.[Symbol.asyncDispose]())

  /** What the inspector prints, read as JSON. */
  async function inspect(server: readonly string[], ...args: readonly string[]): Promise<unknown> {
    const env = { ...environment(workspace.home), LAKELET_DATA_DIR: workspace.dataDir }
    const command = [process.execPath, inspector, '--cli', ...server, ...args]
    const { code, stdout, stderr } = await runCommand(command, { cwd: workspace.home, env })
    if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}\n${stdout}${stderr}`)
    return JSON.parse(stdout)
  }

  // It gives a server only what it is told of its own environment.
  const stdio = () => [...cliCommand, 'mcp', '-e', `LAKELET_DATA_DIR=${workspace.dataDir}`]
  const http = () => [
    `${workspace.host}/mcp`,
    '--transport',
    'http',
    '--header',
    `Authorization: Bearer ${workspace.token}`,
  ]

  it('lists and calls tools, reads resources and prompts, over both ways', async () => {
    for (const server of [stdio(), http()]) {
      const { tools } = (await inspect(server, '--method', 'tools/list')) as { tools: { name: string }[] }
      expect(tools.map(({ name }) => name)).toContain('try_sql')
      const call = ['--method', 'tools/call', '--tool-name']
      const answer = await inspect(server, ...call, 'query', '--tool-arg', 'sql=select 41 + 1 as answer')
      expect(answer).toMatchObject({
        structuredContent: { untrusted_data: { results: [{ rows: [['42']] }] } },
      })
      const { resources } = (await inspect(server, '--method', 'resources/list')) as {
        resources: { uri: string }[]
      }
      const [{ uri } = { uri: '' }] = resources
      expect(await inspect(server, '--method', 'resources/read', '--uri', uri)).toMatchObject({
        contents: [{ uri }],
      })
      const { prompts } = (await inspect(server, '--method', 'prompts/list')) as {
        prompts: { name: string }[]
      }
      expect(prompts.map(({ name }) => name)).toEqual(['migrate', 'find-slow'])
    }
  })
})
