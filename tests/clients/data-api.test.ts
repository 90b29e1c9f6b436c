// The Data API by its usual clients, unmodified; each operator of theirs against plain SQL.
import { cp, symlink } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { environment } from '../system/workspace.ts'
import { checksIn, failureOf, type Outcome, runChecks } from './checks.ts'
import { startDataApiWorld, type World } from './data-api-world.ts'
import { npmWith } from './npm.ts'
import { pythonWith, whyNoPython } from './python.ts'
import { RegistryUnreachable } from './registry.ts'

const nodePrograms = path.join(import.meta.dirname, 'node')
const pythonProgram = path.join(import.meta.dirname, 'python', 'data_api.py')
const nodePackages = ['@supabase/postgrest-js@2.119.0', '@neondatabase/postgrest-js@0.2.0-beta', 'pg@8.23.1']
const pythonPackages = ['postgrest==2.34.1']

let world: World

beforeAll(async () => {
  world = await startDataApiWorld()
})
afterAll(() => world?.[Symbol.asyncDispose]())

describe('@supabase/postgrest-js and @neondatabase/postgrest-js', () => {
  programTests(path.join(nodePrograms, 'data-api.mjs'), async () => {
    const installed = await npmWith(nodePackages)
    const app = path.join(world.workspace.directory, 'data-api')
    await cp(nodePrograms, app, { recursive: true })
    await symlink(path.join(installed, 'node_modules'), path.join(app, 'node_modules'))
    return runChecks([process.execPath, 'data-api.mjs'], { cwd: app, env: callerEnvironment() })
  })
})

describe('Python: postgrest', () => {
  programTests(pythonProgram, async () => {
    const reason = await whyNoPython()
    if (reason !== undefined) return reason
    const python = await pythonWith(pythonPackages)
    return runChecks([python, '-B', pythonProgram], { env: callerEnvironment() })
  })
})

function callerEnvironment(): Record<string, string> {
  const { workspace, endpoint, url, ann } = world
  return {
    ...environment(workspace.home),
    PGHOST: workspace.postgres.host,
    PGPORT: String(workspace.postgres.port),
    CA_FILE: workspace.caFile,
    ENDPOINT_ID: endpoint.uid,
    URL: url,
    ROLE: ann.name,
    TOKEN: ann.token,
  }
}

/** A test for each check of a program; `run` gives its outcomes, or why it cannot run here. */
function programTests(program: string, run: () => Promise<readonly Outcome[] | string>): void {
  let outcomes: readonly Outcome[] = []
  let reasonToSkip: string | undefined
  beforeAll(async () => {
    try {
      const result = await run()
      if (typeof result === 'string') reasonToSkip = result
      else outcomes = result
    } catch (error) {
      if (!(error instanceof RegistryUnreachable)) throw error
      reasonToSkip = error.message
    }
  }, 300_000)
  it.for(checksIn(program))('%s', (name, context) => {
    if (reasonToSkip !== undefined) context.skip(reasonToSkip)
    expect(failureOf(outcomes, name, context)).toBe('')
  })
}
