import { expect, test } from 'vitest'
import { startAppsApi } from './apps-api.ts'

test('thumbnails are refused by name, and the templates of the workspace are listed', async () => {
  await using api = await startAppsApi()
  for (const method of ['PATCH', 'DELETE']) {
    const reply = await api.call(
      method,
      '/api/2.0/apps/some-app/thumbnail',
      method === 'PATCH' ? {} : undefined,
    )
    expect(reply).toMatchObject({ status: 400, body: { error_code: 'FEATURE_DISABLED' } })
    expect(reply.body['message']).toContain('thumbnail')
  }
  const listed = await api.call('GET', '/api/2.0/lakelet/app-templates')
  expect(listed).toMatchObject({
    status: 200,
    body: { templates: expect.arrayContaining([expect.anything()]) },
  })
})
