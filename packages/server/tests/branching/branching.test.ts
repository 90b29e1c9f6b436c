// Anything may happen to branches, snapshots and looks into the past, in any order: what the API lists and what is in them is what a model
// of them says. `MODEL_SEED` and `MODEL_RUNS` repeat a run. Each of these faults was put into the code on purpose, and found within a few
// dozen steps or a few hundred: a crashed source cloned as one that was shut down; a live clone without its label; a live clone with log from
// after its backup; segments marked as archived that are not; a delete that looks at no children; a snapshot of a moment that holds what is
// now; a branch of another snapshot than was asked for, or of one without the history of its timeline; snapshots that do not expire, that leave
// their rows when they fail or go, that are taken of children; a restore to a snapshot that keeps the files; a past that can be written to, or
// is read at its end. Limits that are off by one are seldom come by: tests of the rules have those.
import * as fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { expectInLog } from '../../../../tests/guards/log-guard.ts'
import { temporaryDirectory } from '../postgres/installed.ts'
import { PastModel } from './model-past.ts'
import { steps } from './steps.ts'
import { realWorld, simulatedWorld } from './grounds.ts'
import type { World } from './world.ts'

expectInLog(
  // The model kills servers and workspaces, and has steps fail.
  /the model (makes|kills)/,
  // Only the operations of a workspace that the model kills end at once.
  /purge-deleted.*The workspace is stopping/,
  /the compute crashed/,
  /stopped a Postgres of an earlier run/,
  /the (roles|catalogue) could not be (read|kept) before the compute stops/,
)

const isSoak = process.env['SOAK'] === '1'
/** What must come up in a long run. */
const EVER = [
  'create now done',
  'create now failed',
  'create time done',
  'create lsn done',
  'create beyond refused',
  'restore time done',
  'restore lsn done',
  'restore time failed',
  'reset done',
  'reset refused',
  'delete done',
  'delete refused',
  'purge done',
  'undelete done',
  'crash',
  'base',
  'restart',
  'create while written to done',
  'snapshot while written to done',
  'snapshot now done',
  'snapshot now failed',
  'snapshot now refused',
  'snapshot past done',
  'delete snapshot done',
  'create of snapshot done',
  'create of snapshot refused',
  'restore snapshot done',
  'restore snapshot failed',
  'preview time',
  'preview lsn',
  'expire done',
  'expire refused',
  'protect refused',
  'branch expired',
  'snapshot expired',
]
const seed = Number(process.env['MODEL_SEED'] ?? Math.floor(Date.now() / 86_400_000))
console.log(`branches against a model: MODEL_SEED=${seed}`)

async function tryMany(
  world: World,
  { runs, length }: { readonly runs: number; readonly length: number },
  seen: Map<string, number>,
): Promise<number> {
  let count = 0
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { minLength: length / 2, maxLength: length }), async (todo) => {
      await world.begin()
      const model = new PastModel(world, seen)
      const done: string[] = []
      for (const { words, run, look } of todo) {
        count += 1
        done.push(words)
        await run(model)
        await model.check(look, false)
        if (model.broken.length > 0) break
      }
      if (model.broken.length === 0) await model.check(0, true)
      expect(model.broken, done.join('\n')).toEqual([])
    }),
    { seed, numRuns: runs, endOnFailure: !isSoak || process.env['MODEL_RUNS'] !== undefined },
  )
  return count
}

describe('branches agree with a model of them', () => {
  const stack = new AsyncDisposableStack()
  afterAll(() => stack.disposeAsync())

  async function open(make: (dataDir: string) => Promise<World>): Promise<World> {
    const directory = stack.use(await temporaryDirectory())
    const world = await make(directory.path)
    await world.start()
    return stack.use(world)
  }

  test('over simulated servers', async () => {
    const seen = new Map<string, number>()
    const world = await open(simulatedWorld)
    const runs = Number(process.env['MODEL_RUNS'] ?? (isSoak ? 100 : 3))
    const count = await tryMany(world, { runs, length: isSoak ? 60 : 30 }, seen)
    console.log(`${count} steps: ${JSON.stringify(Object.fromEntries(seen))}`)
    // A run that never got anywhere proves nothing.
    const wanted = isSoak ? EVER : ['write add']
    expect(wanted.filter((what) => !seen.has(what))).toEqual([])
    expect(world.interrupted.size).toBeGreaterThan(isSoak ? 15 : 0)
  }, 3_600_000)

  test('over real servers', async () => {
    const seen = new Map<string, number>()
    const world = await open(realWorld)
    const count = await tryMany(world, isSoak ? { runs: 6, length: 30 } : { runs: 1, length: 6 }, seen)
    expect(count).toBeGreaterThan(0)
  }, 1_800_000)
})
