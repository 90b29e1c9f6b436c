// The pages of docs/ and the README, executed: every block of the shell as it is written, in order, in one workspace. A block below
// `<!-- not run: REASON -->` is left out, and the reason printed. What a page takes for granted is made before it.
import { chmod, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postgresTools } from '../clients/postgres-tools.ts'
import { isSoak } from '../hostile/duration.ts'
import { type DocumentShell, prepareShell, type Step, stepsOf } from './document-shell.ts'
import { writeFiles } from './workspace.ts'

const root = path.resolve(import.meta.dirname, '../..')

const SERVER = `import { createServer } from 'node:http'
console.log('GREETING is', process.env.GREETING, 'and the key has', process.env.API_KEY?.length, 'characters')
createServer((_, response) => response.end('hello')).listen(Number(process.env.DATABRICKS_APP_PORT), '127.0.0.1')
`

/** Pages, and what is done before each. */
const PAGES: readonly { readonly page: string; readonly before: string }[] = [
  { page: 'docs/apps.md', before: '' },
  { page: 'docs/restore.md', before: '' },
  { page: 'docs/operations.md', before: '' },
  { page: 'docs/errors.md', before: '' },
  { page: 'README.md', before: `cd '${root}'` },
  { page: 'docs/testing.md', before: '' },
  { page: 'docs/backup.md', before: 'mkdir backup' },
  // Last, since it links the folder.
  { page: 'docs/dev.md', before: 'lakelet link my-app-db' },
]

/** What docs/testing.md is about is a project with a workspace of its own, and Lakelet among its packages. */
const IN_A_PROJECT = `mkdir -p ../testing/node_modules/.bin
cd ../testing
ln -sf "$(command -v lakelet)" node_modules/.bin/lakelet
unset DATABRICKS_HOST DATABRICKS_TOKEN ENDPOINT_NAME
export LAKELET_DATA_DIR="$PWD/.lakelet"`

/** Blocks below this are not run. */
const NOT_RUN = /<!-- not run: ([^>]*?) -->\n+```sh\n([\s\S]*?)^```$/gm

describe('every block of the shell', () => {
  it.each(PAGES)('of $page runs, or says why not', async ({ page }) => {
    const text = await readFile(path.join(root, page), 'utf8')
    for (const [, reason = '', block = ''] of text.matchAll(NOT_RUN))
      console.log(`not run of ${page}: ${block.trim().split('\n')[0]} (${reason})`)
    expect(text).not.toMatch(/<!-- not run: *-->/)
  })
})

describe.runIf(isSoak)('what they do, which takes npm run soak', () => {
  let directory: string
  let shell: DocumentShell

  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'lakelet-docs-'))
    await chmod(directory, 0o755)
    shell = await prepareShell(directory, {
      LAKELET_OWNER_EMAIL: 'me@example.com',
      LAKELET_DATA_DIR: path.join(directory, 'project/.lakelet'),
    })
    await mkdir(path.join(directory, 'project'))
    await writeFiles(path.join(directory, 'project/src'), {
      'package.json': '{ "private": true, "type": "module", "scripts": { "start": "node server.mjs" } }',
      'server.mjs': SERVER,
    })
    await run(`cd project
lakelet up --detach --wait
lakelet postgres create-project my-app-db`)
  }, 300_000)

  afterAll(async () => {
    await run(`lakelet down --data-dir '${directory}/restored' || true\nlakelet down || true`)
    await shell?.[Symbol.asyncDispose]()
    await rm(directory, { recursive: true, force: true })
  }, 120_000)

  function run(script: string): Promise<string> {
    return shell.perform({ document: 'the test', line: 0, kind: 'run', name: '', script, output: undefined })
  }

  it.each(PAGES)('$page', { timeout: 600_000 }, async ({ page, before }) => {
    await run(`cd '${directory}/project'\n${before}`)
    for (const step of await blocksOf(page)) {
      if (step.script.includes('pg_restore'))
        await run(`lakelet postgres create-project other
eval "$(lakelet env --project other)"
export PGPASSWORD="$(lakelet postgres generate-database-credential "$ENDPOINT_NAME" --field token)"`)
      await expect(shell.perform(step)).resolves.toBeTypeOf('string')
    }
  })

  it('the backup is a workspace, and the dump the same rows', async () => {
    const rows = (project: string) => run(`lakelet sql --project ${project} "SELECT name FROM goods"`)
    expect(await rows('other')).toBe(await rows('my-app-db'))
    await run(`cd '${directory}/project'
lakelet down
lakelet up --data-dir '${directory}/project/backup/lakelet' --detach --wait
lakelet --data-dir '${directory}/project/backup/lakelet' sql --project my-app-db "SELECT name FROM goods"
lakelet down --data-dir '${directory}/project/backup/lakelet'
lakelet up --detach --wait`)
  }, 300_000)

  it("docs/apps.md's app.yaml gives an app its variables and its secret", async () => {
    const [, yaml = ''] =
      /```yaml\n([\s\S]*?)```/.exec(await readFile(path.join(root, 'docs/apps.md'), 'utf8')) ?? []
    await writeFiles(path.join(directory, 'project/src'), { 'app.yaml': yaml })
    expect(
      await run(`cd '${directory}/project'
eval "$(lakelet env --project my-app-db)"
call() { curl --fail-with-body -sS -H "Content-Type: application/json" -H "Authorization: Bearer $(lakelet auth token --field access_token)" "$DATABRICKS_HOST$1" -d "$2"; }
call /api/2.0/secrets/scopes/create '{"scope": "keys"}'
call /api/2.0/secrets/put '{"scope": "keys", "key": "api", "string_value": "12345678"}'
lakelet apps update my-app --json '{"resources": [{"name": "key", "secret": {"scope": "keys", "key": "api", "permission": "READ"}}]}'
lakelet sync ./src /Workspace/Users/me@example.com/my-app
lakelet apps deploy my-app --source-code-path /Workspace/Users/me@example.com/my-app
lakelet apps logs my-app`),
    ).toContain('GREETING is hello and the key has 8 characters')
  }, 300_000)

  async function blocksOf(page: string): Promise<Step[]> {
    const text = (await readFile(path.join(root, page), 'utf8'))
      .replaceAll(NOT_RUN, (block) => block.replace('```sh', '```sh-not-run'))
      // Places of the reader's.
      .replaceAll('/backup/', `${directory}/project/backup/`)
      .replaceAll('/srv/lakelet', `${directory}/restored`)
    const tools = page.endsWith('backup.md') ? `PATH='${await postgresTools()}':"$PATH"\n` : ''
    const isRun = (words: readonly string[]): boolean => words[0] === ''
    const isAside = page === 'docs/testing.md'
    return stepsOf(page, text, isRun).map((step) => ({
      ...step,
      // What it sets is not for the pages after it.
      script: isAside ? `(\n${IN_A_PROJECT}\n${step.script}\n)` : `${tools}${step.script}`,
    }))
  }
})
