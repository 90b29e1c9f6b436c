// An app made with AppKit and its lakebase plugin, as npm has them, and nothing of ours in it. It brings hundreds of packages, so it runs with
// `npm run soak`.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'
import { tryIsolation } from '../../packages/server/src/apps/sandbox/sandboxes.ts'
import { isSoak } from '../hostile/duration.ts'
import { startTestWorkspace } from '../system/workspace.ts'

const FILES = {
  'package.json': JSON.stringify({
    name: 'orders',
    private: true,
    type: 'module',
    scripts: {
      build: 'tsdown --out-dir dist server/server.ts',
      start: 'NODE_ENV=production node --env-file-if-exists=./.env ./dist/server.mjs',
    },
    dependencies: { '@databricks/appkit': '0.38.1' },
    devDependencies: { tsdown: '0.20.3', typescript: '5.9.3' },
  }),
  'app.yaml': `command: ['npm', 'run', 'start']
env:
  - name: LAKEBASE_ENDPOINT
    valueFrom: postgres
`,
  'server/server.ts': `import { createApp, lakebase, server } from '@databricks/appkit'

await createApp({
  plugins: [server(), lakebase()],
  async onPluginsReady(appkit) {
    for (const statement of [
      'CREATE SCHEMA IF NOT EXISTS app',
      'CREATE TABLE IF NOT EXISTS app.orders (id SERIAL PRIMARY KEY, owner TEXT NOT NULL DEFAULT current_user, amount INT NOT NULL)',
      'GRANT USAGE ON SCHEMA app TO PUBLIC',
      'GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA app TO PUBLIC',
      'GRANT USAGE ON ALL SEQUENCES IN SCHEMA app TO PUBLIC',
    ])
      await appkit.lakebase.query(statement)
    appkit.server.extend((app) => {
      app.post('/api/orders', async (request, response) => {
        const user = appkit.lakebase.asUser(request)
        await appkit.lakebase.query('INSERT INTO app.orders (amount) VALUES ($1)', [7])
        await user.query('INSERT INTO app.orders (amount) VALUES ($1)', [5])
        const orders = await user.query('SELECT owner, amount FROM app.orders ORDER BY amount')
        response.json(orders.rows)
      })
    })
  },
})
`,
}

const { why } = isSoak ? await tryIsolation() : { why: 'with npm run soak: it brings many packages' }

it.skipIf(why !== undefined)(
  `serves AppKit 0.38.1, whose lakebase plugin acts as the app and as its visitor${why === undefined ? '' : ` (skipped: ${why})`}`,
  async () => {
    await using workspace = await startTestWorkspace()
    const source = await mkdtemp(path.join(tmpdir(), 'lakelet-appkit-'))
    try {
      for (const [name, content] of Object.entries(FILES)) {
        await mkdir(path.dirname(path.join(source, name)), { recursive: true })
        await writeFile(path.join(source, name), content)
      }
      await workspace.cli(['postgres', 'create-project', 'orders'])
      const resources = [
        {
          name: 'postgres',
          postgres: {
            branch: 'projects/orders/branches/production',
            permission: 'CAN_CONNECT_AND_CREATE',
          },
        },
      ]
      const app = JSON.stringify({ resources, user_api_scopes: ['postgres'] })
      const created = JSON.parse(await workspace.cli(['apps', 'create', 'orders', '--json', app])) as {
        url: string
        service_principal_client_id: string
      }
      const folder = `/Workspace/Users/${workspace.user}/orders`
      await workspace.cli(['sync', source, folder])
      await workspace.cli(['apps', 'deploy', 'orders', '--source-code-path', folder])
      const reply = await fetch(`${created.url}/api/orders`, {
        method: 'POST',
        headers: { authorization: `Bearer ${workspace.token}` },
      })
      expect([reply.status, await reply.json()]).toEqual([
        200,
        [
          { owner: workspace.user, amount: 5 },
          { owner: created.service_principal_client_id, amount: 7 },
        ],
      ])
    } finally {
      await rm(source, { recursive: true, force: true })
    }
  },
  900_000,
)
