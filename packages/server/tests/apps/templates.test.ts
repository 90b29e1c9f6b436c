// The plain templates as a user meets them: created, deployed with real npm and pip, reached through their address.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type AppsApi, startAppsApi, visit } from './apps-api.ts'

let api: AppsApi
beforeAll(async () => {
  api = await startAppsApi()
})
afterAll(async () => {
  await api[Symbol.asyncDispose]()
})

it.each(['node-hello-world', 'flask-hello-world'])('serves %s', async (template) => {
  const name = `my-${template.split('-')[0]}-app`
  const created = await api.call('POST', `/api/2.0/apps?template=${template}`, { name })
  expect(created.status).toBe(200)
  expect(created.body.default_source_code_path).toMatch(
    new RegExp(
      `^/Workspace/Users/admin/databricks_apps/${name}_\\d{4}_\\d\\d_\\d\\d-\\d\\d_\\d\\d/${template}-app$`,
    ),
  )
  const before = await visit(created.body.url)
  expect([before.status, before.text]).toEqual([503, expect.stringContaining('has not been deployed yet')])
  const deployment = await api.deploy(name)
  expect(deployment.status).toEqual({ state: 'SUCCEEDED', message: 'Deployment succeeded' })
  const page = await visit(created.body.url)
  expect([page.status, JSON.parse(page.text)]).toEqual([
    200,
    { message: 'Hello, World!', app: name, visitor: 'admin' },
  ])
  const { body: app } = await api.call('GET', `/api/2.0/apps/${name}`)
  expect(app).toMatchObject({
    app_status: { state: 'RUNNING' },
    compute_status: { state: 'ACTIVE' },
    active_deployment: { status: { state: 'SUCCEEDED' } },
  })
  // Nothing of the packages has changed, so a second deployment takes them from the cache.
  const again = await api.deploy(name)
  const { body } = await api.call(
    'GET',
    `/api/2.0/lakelet/apps/${name}/deployments/${again.deployment_id}/log`,
  )
  expect(body.log).toContain(
    template === 'flask-hello-world' ? 'Python packages: unchanged' : '$ npm install',
  )
  expect((await visit(created.body.url)).status).toBe(200)
})

/** They bring a hundred packages each, so they run with `npm run soak`. */
const LARGE = [
  ['fastapi-hello-world', /Hello, World!/],
  ['dash-hello-world', /<title>Hello World/],
  ['streamlit-hello-world', /<title>Streamlit/],
  ['gradio-hello-world', /gradio/],
] as const

it.skipIf(!process.env['SOAK']).each(LARGE)(
  'serves %s (with npm run soak: it brings many packages)',
  async (template, content) => {
    const name = template.replace('-hello-world', '-large')
    const created = await api.call('POST', `/api/2.0/apps?template=${template}`, { name })
    const deployment = await api.deploy(name)
    expect(deployment.status).toEqual({ state: 'SUCCEEDED', message: 'Deployment succeeded' })
    const page = await visit(created.body.url)
    expect([page.status, page.text]).toEqual([200, expect.stringMatching(content)])
  },
  600_000,
)
