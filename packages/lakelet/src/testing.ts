// `lakelet/testing`: a database of its own for one run of tests. The workspace is kept between runs, so that a run begins in seconds; each
// run works in a fresh branch, so that it finds what the branch `production` holds and nothing of the runs before.
import './disposable-stacks.ts'
import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
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
  /** Absent where one was running already. */
  readonly workspace?: Workspace
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
/** What the ids of the branches of runs begin with; when the run began follows. */
const RUN = 'run-'
/** How long a run may take; its branch is removed after that where the run could not do it. */
const BRANCH_LIFE_MS = 24 * 3600 * 1000

/**
 * Starts the workspace and makes the branch; disposing deletes the branch and stops the workspace. LAKELET_TEST_BRANCH names a branch of a
 * workspace that runs already, as a command line in this folder finds it: then the run's branch is made of that one, and nothing is started.
 */
export async function startTestDatabase(options: TestOptions = {}): Promise<TestDatabase> {
  const from = process.env['LAKELET_TEST_BRANCH']
  if (from) return startBranchOf(await commands(undefined), from, undefined)
  const first = path.resolve(options.dataDir ?? 'node_modules/.cache/lakelet')
  const { workspace, dataDir } = await startInFreePlace(first)
  try {
    const run = await commands(dataDir)
    const project = `projects/${options.project ?? 'tests'}`
    if (!(await run.lists('postgres', 'list-projects')).includes(project)) {
      await run('postgres', 'create-project', project.slice('projects/'.length))
    }
    await removeOld(run, project)
    return await startBranchOf(run, `${project}/branches/production`, workspace)
  } catch (error) {
    await workspace[Symbol.asyncDispose]()
    throw error
  }
}

/** It does not expire, so that branches for single tests can be made of it. */
async function startBranchOf(
  run: Commands,
  from: string,
  workspace: Workspace | undefined,
): Promise<TestDatabase> {
  const id = `${RUN}${Date.now().toString(36)}-${process.pid}`
  const env = JSON.parse(
    await run('branch', 'create', id, '--from', from, '--env', '--format', 'json'),
  ) as Record<string, string>
  const branch = env['ENDPOINT_NAME']?.split('/endpoints/')[0] ?? ''
  return {
    ...(workspace ? { workspace } : {}),
    branch,
    env,
    async [Symbol.asyncDispose]() {
      // One that stays is removed by a later run, so nothing that goes wrong here may hide how the tests ended.
      await run('postgres', 'delete-branch', branch, '--purge').catch(() => undefined)
      await workspace?.[Symbol.asyncDispose]()
    },
  }
}

/** Branches of runs that were killed. One that cannot be deleted yet has branches of tests, which expire. */
async function removeOld(run: Commands, project: string): Promise<void> {
  for (const branch of await run.lists('postgres', 'list-branches', project)) {
    const [, started = ''] = /\/run-([0-9a-z]+)-\d+$/.exec(branch) ?? []
    if (started === '' || Date.now() - Number.parseInt(started, 36) < BRANCH_LIFE_MS) continue
    await run('postgres', 'delete-branch', branch, '--purge').catch(() => undefined)
  }
}

/**
 * Puts the variables into the environment of this process and of those it starts. Certificates are read from there when a process begins, so
 * this one is told of the authority by itself, where its Node can be (22.19 and 24.5): Jest runs a single file of tests in it.
 */
export function useEnvironment({ env }: TestDatabase): void {
  Object.assign(process.env, env)
  const { PGSSLROOTCERT: file } = env
  if (file === undefined || !('setDefaultCACertificates' in tls)) return
  const authority = readFileSync(file, 'utf8')
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

/** Of the workspace in `dataDir`; without it of the one that the environment, the link of this folder or a profile names. */
async function commands(dataDir: string | undefined): Promise<Commands> {
  const cli = await import('@lakelet/cli')
  const run = async (...args: readonly string[]): Promise<string> => {
    const written = { stdout: '', stderr: '' }
    const where = dataDir === undefined ? [] : ['--data-dir', dataDir]
    const code = await cli.run([...args, ...where], {
      env: dataDir === undefined ? process.env : {},
      cwd: process.cwd(),
      home: dataDir ?? homedir(),
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
