// kill -9 at the places of every kind of operation that the workspace registers: a real workspace kills itself there; the next one, on
// the same directory, must have done or undone the operation, kept what was acknowledged, and left nothing behind. Each start is at once
// the next kill's, and no two kills after each other are of one kind: what is resumed must not come by the place that is armed.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { ApiError } from '@lakelet/api'
import { afterAll, expect, it, vi } from 'vitest'
import { runsIn } from '../hostile/footprint.ts'
import { isSoak } from '../hostile/duration.ts'
import { startTestWorkspace, type TestWorkspace } from '../system/workspace.ts'
import { dealt, killsOf, sampleOf } from './kill-plan.ts'
import { type KillScenario, killScenarios, prepareServed } from './kill-scenarios.ts'
import { sourceScenarios } from './kill-sources.ts'
import { acknowledge, atRest, expectWhole, failpointsOf, prepareBase } from './kill-workspace.ts'
import { expectInLog } from '../guards/log-guard.ts'

expectInLog(
  // What the start after a kill says, and what was made to fail.
  /stopped a Postgres of an earlier run/,
  /ending processes of apps that a killed workspace left/,
  /LAKELET_FAILPOINT makes /,
)

const directory = await mkdtemp(path.join(tmpdir(), 'lakelet-kills-'))
let running: { readonly workspace: TestWorkspace; readonly armed: string | undefined } | undefined

afterAll(async () => {
  await running?.workspace.stop()
  // The system may take a moment to take them down.
  await vi.waitFor(() => expect(runsIn(directory), 'processes left behind').toEqual([]), 60_000)
  await rm(directory, { recursive: true, force: true })
})

async function start(armed: string | undefined, env: Record<string, string> = {}): Promise<TestWorkspace> {
  // One that did not die where it should have.
  await running?.workspace.stop()
  const failpoint = armed === undefined ? {} : { LAKELET_FAILPOINT: spec(armed) }
  const workspace = await startTestWorkspace({ directory, env: { ...env, ...failpoint } })
  running = { workspace, armed }
  return workspace
}

/** What is undone must fail first: at its very end, when all that can be undone was done. */
function spec(failpoint: string): string {
  return isUndo(failpoint) ? `${kindOf(failpoint)}.complete=error,${failpoint}` : failpoint
}

const isUndo = (failpoint: string) => failpoint.endsWith('.undo')
const kindOf = (failpoint: string) => failpoint.slice(0, failpoint.indexOf('.'))

const first = await start(undefined, { LAKELET_LOG_LEVEL: 'debug' })
const kinds = failpointsOf(first)
await prepareBase(first)
await prepareServed(first)
await first.stop()
const scenarios: Readonly<Record<string, KillScenario>> = { ...killScenarios, ...sourceScenarios }
const sample = isSoak ? undefined : sampleOf([...kinds.values()], 'tests/faults/generated-kills')
const all = killsOf([...kinds.values()], Object.keys(scenarios))
const kills = dealt(sample ? killsOf(sample.points, Object.keys(scenarios), sample.turn) : all)
console.log(`${kills.length} of ${all.flat().length} kills${sample ? `; ${sample.again}` : ''}`)
const acknowledged: number[] = []

it('every kind of operation has a scenario, and every scenario a kind', () => {
  const interruptible = [...kinds].filter(([, places]) => places.length > 0).map(([kind]) => kind)
  expect(interruptible.sort()).toEqual(Object.keys(killScenarios).sort())
  const undoable = interruptible.filter((kind) => kinds.get(kind)?.some(isUndo))
  expect(undoable).toEqual(
    Object.keys(killScenarios)
      .filter((kind) => killScenarios[kind]?.expectUndone)
      .sort(),
  )
})

const cases = kills.map(({ place, scenario }, index) => [place, scenario, index] as const)

it.each(cases)('killed at %s in %s', async (point, name, index) => {
  const scenario = scenarios[name]
  if (!scenario) throw new Error(`there is no scenario ${name}`)
  const id = `kill-${index}`
  const killed = running?.armed === point ? running.workspace : await start(point)
  await acknowledge(killed, index)
  acknowledged.push(index)
  await scenario.prepare?.(killed, id)
  const died = killed.ended().then((signal) => expect(signal, 'what ended the server').toBe('SIGKILL'))
  // A refusal is no kill; the connection that ends with the server is what is expected.
  const refused = scenario.act(killed, id).then(
    () => died,
    (error: unknown) => (error instanceof ApiError ? Promise.reject(error) : died),
  )
  await Promise.race([died, refused])

  const workspace = await start(kills[index + 1]?.place)
  await atRest(workspace)
  await (isUndo(point) ? scenario.expectUndone : scenario.expectDone)?.(workspace, id)
  await expectWhole(workspace, acknowledged)
})
