// What a deployment copies: what its caller may read, once, and where nobody else finds it.
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openMetadata } from '../../src/metadata/database.ts'
import { type AppsApi, startAppsApi, visit } from './apps-api.ts'

let api: AppsApi
beforeAll(async () => {
  api = await startAppsApi()
})
afterAll(async () => {
  await api[Symbol.asyncDispose]()
})

const LISTS_ITS_FILES = `require('http').createServer((_, reply) => reply.end(
  JSON.stringify(require('fs').readdirSync('.', { recursive: true })))).listen(process.env.PORT, '127.0.0.1')`

/** Deploys as `caller`; gives the names of all files that the app finds beside it. */
async function deployed(app: string, folder: string, caller: string): Promise<string[]> {
  const ended = await api.deploy(
    app,
    { source_code_path: folder, command: [process.execPath, '-e', LISTS_ITS_FILES] },
    caller,
  )
  if (ended.status.state !== 'SUCCEEDED') throw new Error(ended.status.message)
  const { body } = await api.call('GET', `/api/2.0/apps/${app}`)
  return JSON.parse((await visit(body.url)).text) as string[]
}

function countObjects(): number {
  const database = new DatabaseSync(path.join(api.directory, 'metadata.sqlite'), { readOnly: true })
  const row = database
    .prepare(
      'SELECT (SELECT count(*) FROM workspace_objects) AS objects, (SELECT count(*) FROM deployment_files) AS files',
    )
    .get()
  database.close()
  return Number(row?.['objects']) + Number(row?.['files'])
}

describe('a deployment of a folder that everybody sees', () => {
  it.each(['/', '/Workspace', '/Users', '/Workspace/Users/'])(
    'copies of %s only what its caller may read',
    async (folder) => {
      const app = `reads-${folder.replace(/\W/g, '').toLowerCase()}x`
      await api.call('POST', '/api/2.0/apps', { name: app })
      await api.upload('/Users/bob/private', { 'secret.txt': 'of bob' })
      await api.upload('/Users/ann/own', { 'mine.txt': 'of ann' })
      await api.upload('/top', { 'top.txt': 'of an admin' })
      const files = await deployed(app, folder, 'ann')
      expect(files.filter((each) => /bob|secret|top/.test(each))).toEqual([])
      expect(files).toContainEqual(expect.stringContaining('ann/own/mine.txt'))
      expect(await deployed(app, folder, 'admin')).toContainEqual(
        expect.stringContaining('bob/private/secret.txt'),
      )
    },
  )

  it('is refused where the caller may read nothing', async () => {
    await api.call('POST', '/api/2.0/apps', { name: 'refused' })
    await expect(api.deploy('refused', { source_code_path: '/Users/bob' }, 'ann')).rejects.toThrow(/404/)
  })

  it('grows by what it copies, and is found by nobody else', async () => {
    await api.call('POST', '/api/2.0/apps', { name: 'grows' })
    const counts: number[] = []
    for (let times = 0; times < 4; times += 1) {
      await deployed('grows', '/', 'admin')
      counts.push(countObjects())
    }
    const [first = 0, second = 0, third = 0, fourth = 0] = counts
    expect(third - second).toBe(second - first)
    expect(fourth - third).toBe(second - first)
    const { body } = await api.call('GET', '/api/2.0/apps/grows')
    const home = `/Users/${body.service_principal_client_id}`
    const found = await api.call('GET', `/api/2.0/workspace/list?path=${encodeURIComponent(home)}`)
    expect([found.status, JSON.stringify(found.body)]).not.toEqual([200, expect.stringContaining('src')])
  })
})

describe('two objects with one name on disk', () => {
  const content = Buffer.from('# Databricks notebook source\nprint(2)').toString('base64')
  const importNotebook = (app: string) => {
    const notebook = { path: `/Shared/${app}/a`, content, language: 'PYTHON', format: 'SOURCE' }
    return api.call('POST', '/api/2.0/workspace/import', notebook)
  }

  it('cannot be made: a file beside a notebook', async () => {
    await api.upload('/Shared/clash-file', { 'a.py': 'print(1)' })
    expect((await importNotebook('clash-file')).status).toBe(400)
  })

  it('are said to be: a folder beside a notebook', async () => {
    const app = 'clash'
    await api.call('POST', '/api/2.0/apps', { name: app })
    await api.upload(`/Shared/${app}`, { 'a.py/x': 'x' })
    expect((await importNotebook(app)).status).toBe(200)
    const refused = await api.call('POST', `/api/2.0/apps/${app}/deployments`, {
      source_code_path: `/Shared/${app}`,
    })
    expect([refused.status, refused.body.message]).toEqual([
      400,
      expect.stringContaining(`/Shared/${app}/a.py`),
    ])
    const { body } = await api.call('GET', `/api/2.0/apps/${app}/deployments`)
    expect(body).toEqual({})
  })
})

describe('snapshots of an earlier version', () => {
  it('leave the tree and stay what their deployments are made of', async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'lakelet-migrate-'))
    try {
      const file = path.join(directory, 'metadata.sqlite')
      await cp(path.join(api.directory, 'metadata.sqlite'), file)
      await cp(path.join(api.directory, 'metadata.sqlite-wal'), `${file}-wal`)
      intoThePast(file)
      const metadata = await openMetadata(file)
      const rows = await metadata.db
        .selectFrom('deployment_files')
        .select(['path', 'blob'])
        .orderBy('path')
        .execute()
      const left = await metadata.db
        .selectFrom('workspace_objects')
        .select('path')
        .where('path', 'like', '/Users/cid%')
        .execute()
      await metadata[Symbol.asyncDispose]()
      // The folders above the copy of the earlier one stay, empty.
      expect(rows.filter(({ path: name }) => !name.startsWith('Users'))).toEqual([
        { path: 'app', blob: null },
        { path: 'app/main.py', blob: 'b1' },
        { path: 'nb.ipynb', blob: 'b2' },
      ])
      expect(rows.filter(({ blob }) => blob === 'b3')).toEqual([])
      expect(left).toEqual([{ path: '/Users/cid' }])
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })
})

/** Makes of a metadata file one of before deployments had files of their own, with one deployment and a copy of an earlier one in it. */
function intoThePast(file: string): void {
  const database = new DatabaseSync(file)
  database.exec(`DROP TABLE deployment_files; DROP TABLE app_thumbnails; ALTER TABLE app_deployments DROP COLUMN health_check; ALTER TABLE apps DROP COLUMN os_uid; ALTER TABLE apps DROP COLUMN other_settings; DELETE FROM app_deployments; DELETE FROM apps;
    DELETE FROM migrations WHERE name IN ('0007-deployment-snapshots.sql', '0009-app-accounts.sql', '0010-app-settings.sql', '0016-app-health.sql');
    INSERT INTO apps VALUES ('old', 'i', '', 'MEDIUM', 'RUNNING', 1, 1, 'cid', 'sp', NULL, 'd2', '[]', '[]', NULL, 'c', 'c', 't', 't')`)
  const deployment = database.prepare(
    "INSERT INTO app_deployments VALUES (?, 'old', ?, '/', ?, 'SNAPSHOT', 'SUCCEEDED', '', NULL, NULL, NULL, 'c', 't', 't')",
  )
  deployment.run('d2', 2, '/Users/cid/src/d2')
  deployment.run('d1', 1, '/Users/cid/src/d1')
  const object = database.prepare('INSERT INTO workspace_objects VALUES (?, ?, ?, ?, ?, ?, ?, 1, 1, 1)')
  const add = (
    key: string,
    type: string,
    blob: string | null,
    language: string | null,
    format: string | null,
  ) =>
    object.run(
      9_000_000_000 + key.length * 1000 + key.charCodeAt(key.length - 1),
      key,
      key.slice(0, key.lastIndexOf('/')),
      type,
      language,
      format,
      blob,
    )
  for (const folder of [
    '',
    '/src',
    '/src/d2',
    '/src/d2/app',
    '/src/d2/Users',
    '/src/d2/Users/cid',
    '/src/d2/Users/cid/src',
    '/src/d2/Users/cid/src/d1',
  ])
    add(`/Users/cid${folder}`, 'DIRECTORY', null, null, null)
  add('/Users/cid/src/d2/app/main.py', 'FILE', 'b1', null, null)
  add('/Users/cid/src/d2/nb', 'NOTEBOOK', 'b2', 'PYTHON', 'JUPYTER')
  add('/Users/cid/src/d2/Users/cid/src/d1/x', 'FILE', 'b3', null, null)
  database.close()
}

it('copies no data directory of a workspace that was uploaded by mistake', async () => {
  await api.call('POST', '/api/2.0/apps', { name: 'no-keys' })
  await api.upload('/Users/ann/whole', { 'kept.txt': '', lock: 'a lock file of the app itself' })
  await api.upload('/Users/ann/whole/data', { lock: '', 'metadata.sqlite': 'everything' })
  await api.upload('/Users/ann/whole/data/tls', { 'ca-key.pem': 'secret' })
  const files = await deployed('no-keys', '/Users/ann/whole', 'ann')
  expect(files.toSorted()).toEqual(['kept.txt', 'lock'])
})
