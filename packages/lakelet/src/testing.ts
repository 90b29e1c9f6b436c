// `lakelet/testing`: a database of its own for one run of tests. The workspace is kept between runs, so that a run begins in seconds; each
// run works in a fresh branch, so that it finds what the branch `production` holds and nothing of the runs before.
import './disposable-stacks.ts'
import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import tls from 'node:tls'
import { type Workspace, startWorkspace } from './index.ts'

export interface TestOptions {
  /** Where the workspace lives; `node_modules/.cache/lakelet` when left out. A second run at the same time takes the name with a number. */
  readonly dataDir?: string
  /** Project that the branch belongs to, made when it is missing; `tests` when left out. */
  readonly project?: string
}

export interface TestDatabase extends AsyncDisposable {
  readonly workspace: Workspace
  /** Full name of the fresh branch. */
  readonly branch: string
  /**
   * What an app needs to run here: `PGHOST` … for the database, with `PGPASSWORD`, a credential good for an hour; `ENDPOINT_NAME` for clients
   * that get their own; `DATABRICKS_HOST` and `DATABRICKS_TOKEN`; and the authority of the certificates.
   */
  readonly env: Readonly<Record<string, string>>
}

/** How many runs may go on at the same time in one place. */
const PLACES = 16
/** Seconds that a branch lives at most, whose run could not delete it. */
const BRANCH_LIFE_S = 24 * 3600

/** Starts the workspace and makes the branch; disposing deletes the branch and stops the workspace. */
export async function startTestDatabase(options: TestOptions = {}): Promise<TestDatabase> {
  const first = path.resolve(options.dataDir ?? 'node_modules/.cache/lakelet')
  const { workspace, dataDir } = await startInFreePlace(first)
  try {
    const run = await commands(dataDir)
    const project = `projects/${options.project ?? 'tests'}`
    if (!(await run.lists('postgres', 'list-projects')).includes(project)) {
      await run('postgres', 'create-project', project.slice('projects/'.length))
    }
    const id = `run-${Date.now().toString(36)}-${process.pid}`
    const branch = `${project}/branches/${id}`
    const spec = JSON.stringify({ spec: { ttl: `${BRANCH_LIFE_S}s` } })
    await run('postgres', 'create-branch', project, id, '--json', spec)
    return {
      workspace,
      branch,
      env: await variablesOf(run, branch),
      async [Symbol.asyncDispose]() {
        // A branch that stays ends by itself, so nothing that goes wrong here may hide how the tests ended.
        await run('postgres', 'delete-branch', branch).catch(() => undefined)
        await workspace[Symbol.asyncDispose]()
      },
    }
  } catch (error) {
    await workspace[Symbol.asyncDispose]()
    throw error
  }
}

/**
 * Puts the variables into the environment of this process and of those it starts. Certificates are read from there when a process begins, so
 * this one is told of the authority by itself, where its Node can be (22.19 and 24.5): Jest runs a single file of tests in it.
 */
export function useEnvironment({ env, workspace }: TestDatabase): void {
  Object.assign(process.env, env)
  if (!('setDefaultCACertificates' in tls)) return
  const authority = readFileSync(workspace.caFile, 'utf8')
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), authority])
}

async function startInFreePlace(first: string): Promise<{ workspace: Workspace; dataDir: string }> {
  for (let number = 1; ; number++) {
    const dataDir = number === 1 ? first : `${first}-${number}`
    await mkdir(path.dirname(dataDir), { recursive: true })
    try {
      return { dataDir, workspace: await startWorkspace({ dataDir, httpPort: 0, postgresPort: 0 }) }
    } catch (error) {
      const isInUse = error instanceof Error && 'code' in error && error.code === 'data_dir_in_use'
      if (!isInUse || number === PLACES) throw error
    }
  }
}

interface Commands {
  /** Runs a command line against the workspace and gives what it prints; rejects with what it says. */
  (...args: readonly string[]): Promise<string>
  /** The names that a list command prints. */
  lists(...args: readonly string[]): Promise<string[]>
}

async function commands(dataDir: string): Promise<Commands> {
  const cli = await import('@lakelet/cli')
  const run = async (...args: readonly string[]): Promise<string> => {
    const written = { stdout: '', stderr: '' }
    const code = await cli.run([...args, '--data-dir', dataDir], {
      env: {},
      cwd: process.cwd(),
      home: dataDir,
      isInteractive: false,
      stdout: (chunk) => (written.stdout += String(chunk)),
      stderr: (text) => (written.stderr += text),
      readStdin: () => Promise.resolve(''),
      fetch,
      ignoreInterrupts: () => {},
    })
    if (code !== 0) throw new Error(`lakelet ${args.join(' ')} failed: ${written.stderr.trim()}`)
    return written.stdout
  }
  return Object.assign(run, {
    lists: async (...args: readonly string[]) =>
      // A list command prints what the API gives.
      (JSON.parse(await run(...args, '-o', 'json')) as { name: string }[]).map(({ name }) => name),
  })
}

async function variablesOf(run: Commands, branch: string): Promise<Record<string, string>> {
  // `env` prints one object of texts.
  const env = JSON.parse(await run('env', branch, '--format', 'json')) as Record<string, string>
  const endpoint = env['ENDPOINT_NAME'] ?? ''
  const password = await run('postgres', 'generate-database-credential', endpoint, '--field', 'token')
  return { ...env, PGPASSWORD: password.trim() }
}
