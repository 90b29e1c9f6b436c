// Branching at the sizes that people fear: 500 branches of one project, 10,000 tables, 5 GB of data on a file system that shares blocks and
// on one that does not. Prints what each step took. Takes npm run soak.
import { chmod, mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { ask, createProject, finished } from '../clients/workspace-objects.ts'
import { startTestWorkspace, type TestWorkspace } from '../system/workspace.ts'
import { isSoak } from './duration.ts'
import { footprintOf } from './footprint.ts'
import { mountSmallDisk, noLoopDisk } from './small-disk.ts'

const PROJECT = 'large'
const POSTGRES = `/api/2.0/postgres/projects/${PROJECT}`
const LAKELET = `/api/2.0/lakelet/postgres/projects/${PROJECT}`
const BRANCHES = 500
const TABLES = 10_000
/** Rows of 1 KB. */
const ROWS = 5_000_000
/** Not the temporary directory, which may be memory. */
const PLACE = '/var/tmp'
const MEGABYTES = 50_000
const reason = noLoopDisk('mkfs.ext4') ?? noLoopDisk('mkfs.xfs')

type Started = Parameters<typeof finished>[1]

/** Runs `work` with a workspace on a disk of its own. */
async function withWorkspace(
  fileSystem: 'xfs' | 'ext4',
  work: (workspace: TestWorkspace, directory: string) => Promise<void>,
): Promise<void> {
  const home = await mkdtemp(path.join(PLACE, 'lakelet-large-'))
  await using stack = new AsyncDisposableStack()
  stack.defer(() => rm(home, { recursive: true, force: true }))
  await chmod(home, 0o755)
  const disk = stack.use(mountSmallDisk(home, MEGABYTES, fileSystem))
  const directory = path.join(disk.path, 'workspace')
  await mkdir(directory, { mode: 0o755 })
  const workspace = stack.use(await startTestWorkspace({ directory }))
  await createProject(workspace, PROJECT)
  await work(workspace, directory)
}

/** What `work` gives; prints how long it took. */
async function step<T>(what: string, work: () => Promise<T>): Promise<T> {
  const began = performance.now()
  const done = await work()
  console.log(`${what}: ${Math.round(performance.now() - began)} ms`)
  return done
}

async function create(workspace: TestWorkspace, id: string, spec: object = {}): Promise<void> {
  const source = { source_branch: `projects/${PROJECT}/branches/production`, no_expiry: true }
  const body = { spec: { ...source, ...spec } }
  await finished(
    workspace,
    await ask<Started>(workspace, 'POST', `${POSTGRES}/branches?branch_id=${id}`, body),
  )
}

const sql = (workspace: TestWorkspace, text: string, branch = 'production') =>
  workspace.cli(['sql', '--project', PROJECT, '--branch', branch, text])

const suspend = (workspace: TestWorkspace, branch = 'production') =>
  ask(workspace, 'POST', `${LAKELET}/branches/${branch}/endpoints/primary/suspend`, {})

/** The moment after everything that was committed until now. */
async function now(workspace: TestWorkspace): Promise<string> {
  const text = await sql(workspace, 'SELECT clock_timestamp()')
  return `${/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+/.exec(text)?.[0].replace(' ', 'T')}Z`
}

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

/** What the console and the command line read of all branches. */
async function readAll(workspace: TestWorkspace): Promise<void> {
  const seen = new Set<string>()
  await step('list all, page by page', async () => {
    let token: string | undefined = ''
    while (token !== undefined) {
      const page: { branches: { name: string }[]; next_page_token?: string } = await ask(
        workspace,
        'GET',
        `${POSTGRES}/branches?page_size=100${token && `&page_token=${encodeURIComponent(token)}`}`,
      )
      for (const { name } of page.branches) seen.add(name)
      token = page.next_page_token || undefined
    }
  })
  expect(seen.size).toBe(BRANCHES)
  for (const place of ['overview', 'operations'])
    await step(`GET ${place}`, () => ask(workspace, 'GET', `/api/2.0/lakelet/${place}`))
  await step('lakelet status', () => workspace.cli(['status']))
}

describe.skipIf(!isSoak || reason !== undefined)(
  `large projects${reason ? ` (${reason})` : ' (npm run soak)'}`,
  () => {
    it('500 branches of one project, asleep', async () => {
      await withWorkspace('xfs', async (workspace, directory) => {
        await sql(workspace, 'CREATE TABLE seed AS SELECT generate_series(1, 1000) AS n')
        await suspend(workspace)
        const before = footprintOf(workspace).rssMb
        const took: number[] = []
        for (let n = 2; n <= BRANCHES; n += 1) {
          const began = performance.now()
          await create(workspace, `b-${n}`)
          took.push(performance.now() - began)
        }
        const [first, last] = [median(took.slice(0, 50)), median(took.slice(-50))]
        console.log(
          `a branch: the first 50 ${Math.round(first)} ms, the last 50 ${Math.round(last)} ms; the server grew by ${Math.round(footprintOf(workspace).rssMb - before)} MB`,
        )
        expect(last).toBeLessThan(3 * first)
        await expect(create(workspace, 'too-many')).rejects.toThrow(/500/)
        await readAll(workspace)
        await step('a query of the last branch', async () => {
          expect(await sql(workspace, 'SELECT count(*) FROM seed', `b-${BRANCHES}`)).toContain('1000')
        })
        await step('stop', () => workspace.stop())
        const again = await step('boot', () => startTestWorkspace({ directory }))
        await using _ = again
        console.log(`memory after the boot: ${Math.round(footprintOf(again).rssMb)} MB`)
        await readAll(again)
        await step('a query of a branch after the boot', () =>
          sql(again, 'SELECT count(*) FROM seed', 'b-250'),
        )
        await step('delete one', async () =>
          finished(again, await ask<Started>(again, 'DELETE', `${POSTGRES}/branches/b-7?purge=true`)),
        )
        await create(again, 'one-more')
      })
    })

    it('10,000 tables', async () => {
      await withWorkspace('ext4', async (workspace, directory) => {
        await step(`making ${TABLES} tables`, async () => {
          for (let n = 0; n < TABLES; n += 500)
            await sql(
              workspace,
              `DO $$ BEGIN FOR n IN ${n + 1}..${n + 500} LOOP
             EXECUTE format('CREATE TABLE t_%s (id int PRIMARY KEY, note text NOT NULL, at timestamptz DEFAULT now())', n);
           END LOOP; END $$`,
            )
        })
        const before = footprintOf(workspace).rssMb
        const moment = await now(workspace)
        await step('a branch, awake', () => create(workspace, 'copy'))
        await sql(workspace, 'DROP TABLE t_17; CREATE TABLE t_more (n int)')
        const diff = await step('schema diff', () =>
          workspace.lakelet(['branch', 'diff', `projects/${PROJECT}/branches/production`, 'copy', '--sql']),
        )
        expect(diff.stdout).toContain('t_17')
        expect(diff.stdout).toContain('t_more')
        expect(diff.stdout.length).toBeLessThan(5000)
        await step('restore into a new branch', () =>
          create(workspace, 'was', { source_branch_time: moment }),
        )
        const counted = 'SELECT count(*) FROM pg_tables WHERE tablename LIKE $$t\\_%$$'
        expect(await step('its first query', () => sql(workspace, counted, 'was'))).toContain(String(TABLES))
        const name = `projects/${PROJECT}/branches/production`
        await step('restore in place', () =>
          workspace.cli(['branch', 'restore', name, '--time', moment, '--in-place']),
        )
        expect(await sql(workspace, counted)).toContain(String(TABLES))
        const file = path.join(directory, 'large.tar.zst')
        await step('export', () => workspace.cli(['branch', 'export', name, file]))
        console.log(`the file has ${Math.round((await stat(file)).size / 1e6)} MB`)
        await step('import', () =>
          workspace.cli(['branch', 'import', file, '--project', PROJECT, '--id', 'back']),
        )
        expect(await sql(workspace, counted, 'back')).toContain(String(TABLES))
        const grown = footprintOf(workspace).rssMb - before
        console.log(`the server grew by ${Math.round(grown)} MB`)
        // The schema diff reads two catalogs of so many tables at once.
        expect(grown).toBeLessThan(1000)
      })
    })

    it.each(['xfs', 'ext4'] as const)('5 GB, on a disk: %s', async (fileSystem) => {
      await withWorkspace(fileSystem, async (workspace) => {
        await step('filling', async () => {
          await sql(workspace, 'CREATE TABLE filling (id int PRIMARY KEY, filler text)')
          for (let n = 0; n < ROWS; n += 500_000)
            await sql(
              workspace,
              `INSERT INTO filling SELECT g, repeat(md5(g::text), 31) FROM generate_series(${n + 1}, ${n + 500_000}) g`,
            )
        })
        const moment = await now(workspace)
        await sql(workspace, 'CREATE TABLE later (n int)')
        const asked = (branch: string) =>
          step('its first query', async () => {
            expect(await sql(workspace, 'SELECT max(id) FROM filling', branch)).toContain(String(ROWS))
          })
        await step('a branch, awake', () => create(workspace, 'awake'))
        await asked('awake')
        await step('restore into a new branch', () =>
          create(workspace, 'was', { source_branch_time: moment }),
        )
        await asked('was')
        await expect(sql(workspace, 'TABLE later', 'was')).rejects.toThrow(/later/)
        await suspend(workspace)
        const asleep = performance.now()
        await step('a branch, asleep', () => create(workspace, 'asleep'))
        await asked('asleep')
        expect(performance.now() - asleep).toBeLessThan(fileSystem === 'xfs' ? 10_000 : 600_000)
      })
    })
  },
)
