import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { scenarios } from './faults/all-scenarios.ts'
import { startRunner } from './faults/runner.ts'
import type { Runner } from './faults/runner.ts'
import { startTestPostgres } from './postgres.ts'
import type { TestPostgres } from './postgres.ts'

let postgres: TestPostgres
let runner: Runner

beforeAll(async () => {
  postgres = await startTestPostgres({ max_connections: '400' })
  runner = await startRunner(postgres.host)
})

afterAll(async () => {
  await runner?.[Symbol.asyncDispose]()
  await postgres?.stop()
})

describe.concurrent('survives', () => {
  test.each(scenarios.map((scenario) => [scenario.id, scenario.fault] as const))('%s: %s', async (id) => {
    const run = await runner.run(id, 'ours')
    const seen = {
      failure: run.ok ? '' : run.outcome,
      sockets: run.leakedSockets + run.leakedRequests,
      backends: run.leakedBackends,
      exitCode: run.exitCode,
      stderr: run.exitCode === 0 ? '' : run.stderr,
    }
    expect(seen).toEqual({ failure: '', sockets: 0, backends: 0, exitCode: 0, stderr: '' })
    // "Exits by itself": a second, and what a busy machine adds.
    expect(run.exitMs).toBeLessThan(15_000)
  })
})
