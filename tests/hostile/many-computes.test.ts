// What many projects cost: asleep no process and next to no memory of the workspace, awake what their Postgres takes. Prints what it found.
import { readFileSync } from 'node:fs'
import { computeControlRoutes, endpointRoutes } from '@lakelet/api'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createProject } from '../clients/workspace-objects.ts'
import { startTestWorkspace, type TestWorkspace } from '../system/workspace.ts'
import { scaled } from './duration.ts'
import { footprintOf, runsIn } from './footprint.ts'

const ASLEEP = scaled(4, 200)
const AWAKE = scaled(2, 30)
const GOAL_BYTES = 4 * 1024 ** 3
/** For one that sleeps; what a few cost drowns in the garbage of the first calls. */
const ASLEEP_GOAL_MB = scaled(50, 1)
const SMALLEST = {
  initial_endpoint_spec: { autoscaling_limit_min_cu: 0.5, autoscaling_limit_max_cu: 0.5 },
}

let workspace: TestWorkspace

beforeAll(async () => {
  workspace = await startTestWorkspace({ env: { LAKELET_SCALE_TO_ZERO_DEFAULT_SECONDS: '3600' } })
})
afterAll(() => workspace[Symbol.asyncDispose]())

const control = (action: 'wake' | 'suspend', project: string) =>
  workspace.client.call(computeControlRoutes[action], {
    params: { project, branch: 'production', endpoint: 'primary' },
    body: {},
  })

/** Bytes of the Postgres processes, shared pages counted once (proc_pid_smaps(5), Pss). */
function memoryOfPostgres(): number {
  const pids = runsIn(workspace.dataDir)
    .filter(({ command }) => command.includes('postgres'))
    .map(({ pid }) => pid)
  const kilobytes = pids.map((pid) => {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
    return Number(/^Pss:\s+(\d+)/m.exec(text)?.[1])
  })
  return kilobytes.reduce((sum, each) => sum + each, 0) * 1024
}

it.runIf(process.platform === 'linux')(
  'many asleep cost no process, and many awake fit',
  { timeout: scaled(300_000, 1_800_000) },
  async () => {
    await createProject(workspace, 'first')
    await control('suspend', 'first')
    const before = footprintOf(workspace).rssMb
    for (let n = 1; n <= ASLEEP; n += 1) {
      await createProject(workspace, `shop-${n}`, SMALLEST)
      await control('suspend', `shop-${n}`)
    }
    const each = (footprintOf(workspace).rssMb - before) / ASLEEP
    expect(memoryOfPostgres()).toBe(0)
    expect(each).toBeLessThan(ASLEEP_GOAL_MB)
    for (let n = 1; n <= AWAKE; n += 1) await control('wake', `shop-${n}`)
    const { size_cu: size } = await workspace.client.call(endpointRoutes.getActivity, {
      params: { project: 'shop-1', branch: 'production', endpoint: 'primary' },
    })
    expect(size).toBe(0.5)
    const awake = memoryOfPostgres()
    console.log(
      `${ASLEEP} projects asleep: ${each.toFixed(2)} MB each in the server, garbage included; ${AWAKE} awake at 0.5 CU: ${Math.round(awake / AWAKE / 1e6)} MB each`,
    )
    expect((awake / AWAKE) * 30).toBeLessThan(GOAL_BYTES)
  },
)
