// A branch for each test file, or each test, in Vitest and Jest. Nothing of either is imported: whoever uses one has it.
import { startBranch } from './branch.ts'
import type { BranchOptions, TestBranch } from './branch.ts'

export interface FixtureOptions extends BranchOptions {
  /** What gets a branch of its own. Default: each file of tests */
  per?: 'file' | 'test'
}

/** A fixture as `test.extend` of Vitest takes it. */
export type BranchFixture = [
  (context: object, use: (branch: TestBranch) => Promise<void>) => Promise<void>,
  { scope: 'file' | 'test'; auto: true },
]

/** For Vitest: `test.extend({ branch: branchFixture() })`. The environment is that of the branch while it lives. */
export function branchFixture({ per = 'file', ...options }: FixtureOptions = {}): BranchFixture {
  // Vitest reads from the pattern which other fixtures are needed.
  // oxlint-disable-next-line no-empty-pattern -- none
  const fixture = async ({}: object, use: (branch: TestBranch) => Promise<void>): Promise<void> => {
    await using used = await begin(options)
    await use(used.branch)
  }
  return [fixture, { scope: per, auto: true }]
}

type Hook = (work: () => Promise<void>, timeoutMs: number) => void

const HOOK_MS = 60_000

/** For Jest, at the top of a file or inside a `describe`. The environment is that of the branch while it lives. */
export function useBranch({ per = 'file', ...options }: FixtureOptions = {}): {
  readonly branch: TestBranch
} {
  const before = hook(per === 'file' ? 'beforeAll' : 'beforeEach')
  const after = hook(per === 'file' ? 'afterAll' : 'afterEach')
  let used: Used | undefined
  before(async () => {
    used = await begin(options)
  }, HOOK_MS)
  after(async () => {
    await used?.[Symbol.asyncDispose]()
    used = undefined
  }, HOOK_MS)
  return {
    get branch() {
      if (!used) throw new Error('there is a branch in tests and hooks only')
      return used.branch
    },
  }
}

function hook(name: string): Hook {
  const found = (globalThis as unknown as Record<string, Hook | undefined>)[name]
  if (!found)
    throw new Error(
      `there is no ${name}: useBranch is for Jest, and for Vitest with globals; else use branchFixture`,
    )
  return found
}

interface Used extends AsyncDisposable {
  readonly branch: TestBranch
}

async function begin(options: BranchOptions): Promise<Used> {
  const branch = await startBranch(options)
  const before = Object.keys(branch.env).map((name) => [name, process.env[name]] as const)
  Object.assign(process.env, branch.env)
  return {
    branch,
    async [Symbol.asyncDispose]() {
      for (const [name, value] of before) {
        if (value === undefined) delete process.env[name]
        else process.env[name] = value
      }
      await branch.delete()
    },
  }
}
