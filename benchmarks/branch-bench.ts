// A workspace with one parent of a given size, spoken to through its public interfaces: the branches that are measured are made as a user
// makes them, by the API, and asked through the gateway.
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { withBranch } from 'lakelet-connect/testing'
import { percentile, type Row, summarise, timed } from './measure.ts'
import { fillSql } from './disks.ts'
import { type BenchWorkspace, startBenchWorkspace } from './workspace.ts'

const PROJECT = '/api/2.0/postgres/projects/bench'
const PARENT = 'projects/bench/branches/production'
/** As many as a small app has at work. */
const WRITERS = 2

export class BranchBench implements AsyncDisposable {
  readonly #workspace: BenchWorkspace
  readonly #dataDir: string
  /** How long each update took, for each branch that was made meanwhile. */
  readonly #during: number[][] = []
  #made = 0
  #rows = 1000

  constructor(workspace: BenchWorkspace, dataDir: string) {
    this.#workspace = workspace
    this.#dataDir = dataDir
  }

  /** Starts a workspace in `dataDir` and fills the parent to `gigabytes`. */
  static async start(dataDir: string, gigabytes: number): Promise<BranchBench> {
    const bench = new BranchBench(await startBenchWorkspace(dataDir), dataDir)
    await bench.#workspace.operate('POST', '/api/2.0/postgres/projects?project_id=bench', {})
    for (const statement of fillSql(gigabytes)) await bench.askParent(statement)
    return bench
  }

  /** The Postgres data directory of the parent. */
  get parentData(): string {
    const branches = path.join(this.#dataDir, 'branches')
    const [parent = ''] = readdirSync(branches).filter((name) => !name.startsWith('.'))
    return path.join(branches, parent, 'data')
  }

  async askParent(query: string): Promise<void> {
    await this.#workspace.ask(await this.#token(`${PARENT}/endpoints/primary`), query)
  }

  /** Suspends the parent; the next query would wake it. */
  async sleep(): Promise<void> {
    await this.#disable(true)
    while ((await this.#state()) !== 'IDLE') await sleep(20)
    await this.#disable(false)
  }

  /** Milliseconds of a branch as a fixture of tests makes it of the parent: made, asked once, and deleted. */
  fixture(): Promise<number> {
    const env = { ...this.#workspace.env, ENDPOINT_NAME: `${PARENT}/endpoints/primary` }
    return timed(() =>
      withBranch(
        (branch) => this.#workspace.ask(branch.env['PGPASSWORD'] ?? '', 'SELECT count(*) FROM pg_class'),
        {
          env,
        },
      ),
    )
  }

  /** Milliseconds from the call that makes a branch to its first row; `spec` says more of the branch. The branch is removed. */
  async branch(spec: object = {}): Promise<number> {
    const id = `b${(this.#made += 1)}`
    const body = { spec: { source_branch: PARENT, no_expiry: true, ...spec } }
    const ms = await timed(async () => {
      await this.#workspace.operate('POST', `${PROJECT}/branches?branch_id=${id}`, body)
      const token = await this.#token(`projects/bench/branches/${id}/endpoints/primary`)
      await this.#workspace.ask(token, 'SELECT count(*) FROM pg_class')
    })
    await this.#workspace.operate('DELETE', `${PROJECT}/branches/${id}?purge=true`)
    return ms
  }

  /** The same while others update the parent; how long these waited is kept. */
  async loadedBranch(): Promise<number> {
    const done = new AbortController()
    const waits: number[] = []
    this.#during.push(waits)
    const writers = Array.from({ length: WRITERS }, () => this.#update(done.signal, waits))
    await sleep(500)
    try {
      return await this.branch()
    } finally {
      done.abort()
      await Promise.all(writers)
    }
  }

  /** Updates for so long, while nothing else happens; how long each took. */
  async load(ms: number): Promise<number[]> {
    const done = AbortSignal.timeout(ms)
    const waits: number[] = []
    await Promise.all(Array.from({ length: WRITERS }, () => this.#update(done, waits)))
    return waits
  }

  /** The p99 of the updates of each round: while nothing else happens, and while a branch is made. */
  waits(measure: string, quiet: readonly (readonly number[])[]): Row[] {
    const worst = (rounds: readonly (readonly number[])[]) => rounds.map((waits) => percentile(waits, 0.99))
    return [
      summarise(measure, 'no branch is made', 'ms', worst(quiet)),
      summarise(measure, 'while a branch is made', 'ms', worst(this.#during)),
    ]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#workspace[Symbol.asyncDispose]()
  }

  async #update(done: AbortSignal, waits: number[]): Promise<void> {
    const token = await this.#token(`${PARENT}/endpoints/primary`)
    await this.#workspace.session(token, async (query) => {
      while (!done.aborted) {
        const id = 1 + Math.floor(Math.random() * this.#rows)
        waits.push(await timed(() => query(`UPDATE public.filling SET n = n + 1 WHERE id = ${id}`)))
      }
    })
  }

  async #token(endpoint: string): Promise<string> {
    const { token } = await this.#workspace.call<{ token: string }>('POST', '/api/2.0/postgres/credentials', {
      endpoint,
    })
    return token
  }

  async #disable(disabled: boolean): Promise<void> {
    const path = `/api/2.0/postgres/${PARENT}/endpoints/primary?update_mask=spec.disabled`
    await this.#workspace.operate('PATCH', path, { spec: { disabled } })
  }

  async #state(): Promise<string> {
    const { status } = await this.#workspace.call<{ status: { current_state: string } }>(
      'GET',
      `/api/2.0/postgres/${PARENT}/endpoints/primary`,
    )
    return status.current_state
  }
}
