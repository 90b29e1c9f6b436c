// The official packages for Node, installed from npm as an app has them: @databricks/lakebase (pools whose credentials rotate) and
// @databricks/sdk-experimental.
import { cp, mkdir, symlink } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { runCommand, startTestWorkspace, type TestWorkspace } from '../system/workspace.ts'
import { checksIn, failureOf, type Outcome, runChecks } from './checks.ts'
import { npmWith } from './npm.ts'
import { RegistryUnreachable } from './registry.ts'
import { ask, createProject, createRobot, type Robot } from './workspace-objects.ts'

const programs = path.join(import.meta.dirname, 'node')
const packages = ['@databricks/lakebase@0.6.0', '@databricks/sdk-experimental@0.17.0']
const TTL_SECONDS = 3

describe('packages for Node', () => {
  let workspace: TestWorkspace | undefined
  let reasonToSkip: string | undefined
  let app: string
  let environment: Readonly<Record<string, string>>
  const reports = new Map<string, Promise<readonly Outcome[]>>()

  beforeAll(async () => {
    try {
      const installed = await npmWith(packages)
      workspace = await startTestWorkspace({
        env: {
          LAKELET_CREDENTIALS_DEFAULT_TTL_SECONDS: String(TTL_SECONDS),
          LAKELET_CREDENTIALS_MIN_TTL_SECONDS: '1',
        },
      })
      app = await prepareApp(workspace, installed)
    } catch (error) {
      if (!(error instanceof RegistryUnreachable)) throw error
      reasonToSkip = error.message
      return
    }
    const robot = await createRobot(workspace, { project: 'js', name: 'app' })
    // It may use the project, so it gets a token for it, but has no role there.
    await createProject(workspace, 'private')
    await ask(workspace, 'PATCH', '/api/2.0/permissions/database-projects/private', {
      access_control_list: [{ service_principal_name: robot.clientId, permission_level: 'CAN_USE' }],
    })
    environment = environmentOf(workspace, robot)
    const withCa = { ...environment, NODE_EXTRA_CA_CERTS: workspace.caFile }
    for (const program of ['lakebase.mjs', 'sdk.mjs']) {
      reports.set(program, runChecks([process.execPath, program], { cwd: app, env: withCa }))
    }
  }, 300_000)
  beforeEach((context) => {
    if (reasonToSkip !== undefined) context.skip(reasonToSkip)
  })
  afterAll(async () => {
    await Promise.allSettled(reports.values())
    await workspace?.[Symbol.asyncDispose]()
  })

  describe.each([
    ['@databricks/lakebase 0.6.0', 'lakebase.mjs'],
    ['@databricks/sdk-experimental 0.17.0', 'sdk.mjs'],
  ])('%s', (_, program) => {
    it.for(checksIn(path.join(programs, program)))('%s', async (name, context) => {
      expect(failureOf(await reports.get(program), name, context)).toBe('')
    })
  })

  it('@databricks/lakebase refuses a server whose certificate it cannot verify', async () => {
    const script = `import { createLakebasePool } from '@databricks/lakebase'
      createLakebasePool({}).query('SELECT 1').then(() => console.log('connected'), (error) => console.log(error.code))`
    const node = [process.execPath, '--input-type=module', '--eval', script]
    const { stdout } = await runCommand(node, { cwd: app, env: environment })
    expect(stdout.trim()).toMatch(/^(SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE)$/)
  })
})

/** A directory with the programs and the installed packages beside them. */
async function prepareApp(workspace: TestWorkspace, installed: string): Promise<string> {
  const app = path.join(workspace.directory, 'app')
  await mkdir(app)
  await cp(programs, app, { recursive: true })
  await symlink(path.join(installed, 'node_modules'), path.join(app, 'node_modules'))
  return app
}

function environmentOf(workspace: TestWorkspace, robot: Robot): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: workspace.home,
    DATABRICKS_HOST: workspace.host,
    DATABRICKS_CLIENT_ID: robot.clientId,
    DATABRICKS_CLIENT_SECRET: robot.secret,
    LAKEBASE_ENDPOINT: robot.endpoint.name,
    PGHOST: robot.endpoint.host,
    PGPORT: String(workspace.postgres.port),
    PGDATABASE: 'databricks_postgres',
    OWNER: workspace.user,
    OWNER_TOKEN: workspace.token,
    CREDENTIAL_TTL_MS: String(TTL_SECONDS * 1000),
  }
}
