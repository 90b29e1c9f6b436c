// The Data API by its usual clients, unmodified; each operator of theirs against plain SQL.
import { cp, symlink } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe } from 'vitest'
import { environment } from '../system/workspace.ts'
import { programTests, runChecks } from './checks.ts'
import { startDataApiWorld, type World } from './data-api-world.ts'
import { npmWith } from './npm.ts'
import { pythonWith, whyNoPython } from './python.ts'

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
