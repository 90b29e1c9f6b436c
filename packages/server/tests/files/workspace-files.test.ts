import { readdir } from 'node:fs/promises'
import path from 'node:path'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startWorkspaceApi, type WorkspaceApi } from './workspace-api.ts'

const ann = 'ann@example.com'
let api: WorkspaceApi

beforeAll(async () => {
  api = await startWorkspaceApi()
  await api.tree.ensureHome(ann)
  await api.tree.ensureHome('bob@example.com')
})
afterAll(async () => {
  await api[Symbol.asyncDispose]()
})

function importFile(
  file: string,
  body: string | Uint8Array,
  options: { as?: string; overwrite?: boolean } = {},
) {
  const query = options.overwrite === undefined ? '' : `?overwrite=${options.overwrite}`
  const url = `/api/2.0/workspace-files/import-file/${encodeURIComponent(file.slice(1))}${query}`
  return api.call('POST', url, { body, as: options.as ?? ann })
}

function get(verb: string, file: string, as = ann, more = '') {
  return api.call('GET', `/api/2.0/workspace/${verb}?path=${encodeURIComponent(file)}${more}`, { as })
}

function mkdirs(file: string, as = ann) {
  return api.call('POST', '/api/2.0/workspace/mkdirs', { json: { path: file }, as })
}

function remove(file: string, recursive = false, as = ann) {
  return api.call('POST', '/api/2.0/workspace/delete', { json: { path: file, recursive }, as })
}

describe('import-file', () => {
  it('takes the path as one escaped segment and gives the bytes back', async () => {
    await mkdirs(`/Users/${ann}/one`)
    const file = `/Users/${ann}/one/a+b %41 ünïcode.txt`
    expect((await importFile(file, 'hello')).status).toBe(200)
    expect((await get('export', file, ann, '&direct_download=true')).bytes.toString()).toBe('hello')
    const read = await api.call(
      'GET',
      `/api/2.0/workspace-files/Users/${ann}/one/a+b%20%2541%20%C3%BCn%C3%AFcode.txt`,
    )
    expect(read.bytes.toString()).toBe('hello')
  })

  it('words what is in the way as the service does', async () => {
    const file = `/Workspace/Users/${ann}/exists.txt`
    await importFile(file, '1')
    const again = await importFile(file, '2')
    expect([again.status, again.json()]).toEqual([
      409,
      expect.objectContaining({
        error_code: 'RESOURCE_ALREADY_EXISTS',
        message: `File already exists at (${file}).`,
      }),
    ])
    expect((await importFile(file, '2', { overwrite: true })).status).toBe(200)
    const orphan = await importFile(`/Users/${ann}/no/such/x.txt`, '1')
    expect([orphan.status, orphan.json()['message']]).toEqual([
      404,
      `The parent folder (/Users/${ann}/no/such) does not exist.`,
    ])
    await mkdirs(`/Users/${ann}/folder`)
    const onFolder = await importFile(`/Users/${ann}/folder`, '1', { overwrite: true })
    expect([onFolder.status, onFolder.json()['message']]).toEqual([
      400,
      `Path (/Users/${ann}/folder) already exists.`,
    ])
  })

  it('stores notebooks without their extension', async () => {
    const source = '# Databricks notebook source\nprint(1)\n'
    expect((await importFile(`/Users/${ann}/book.py`, source)).status).toBe(200)
    const status = (await get('get-status', `/Users/${ann}/book`, ann, '&return_export_info=true')).json()
    expect(status).toMatchObject({
      object_type: 'NOTEBOOK',
      language: 'PYTHON',
      repos_export_format: 'SOURCE',
    })
    expect((await importFile(`/Users/${ann}/book.py`, source)).status).toBe(400)
    const exported = await get('export', `/Users/${ann}/book`, ann, '&format=SOURCE&direct_download=true')
    expect(exported.bytes.toString()).toBe(source)
  })

  it('takes every Jupyter document for a notebook, and gives it as source', async () => {
    const cells = [{ cell_type: 'code', source: ['print(1)'] }]
    const document = (metadata: object) => JSON.stringify({ cells, metadata, nbformat: 4, nbformat_minor: 2 })
    for (const [name, metadata, source] of [
      ['py', {}, '# Databricks notebook source\nprint(1)'],
      ['scala', { language_info: { name: 'scala' } }, '// Databricks notebook source\nprint(1)'],
      ['julia', { language_info: { name: 'julia' } }, '# Databricks notebook source\nprint(1)'],
    ] as const) {
      const path = `/Users/${ann}/${name}-book`
      expect((await importFile(`${path}.ipynb`, document(metadata))).status).toBe(200)
      const status = (await get('get-status', path, ann, '&return_export_info=true')).json()
      expect(status).toMatchObject({ object_type: 'NOTEBOOK', repos_export_format: 'JUPYTER' })
      expect((await get('export', path, ann, '&direct_download=true')).bytes.toString()).toBe(source)
      const jupyter = await get('export', path, ann, '&direct_download=true&format=AUTO')
      expect(jupyter.json()).toMatchObject({ nbformat: 4 })
      expect((await remove(path)).status).toBe(200)
    }
  })

  it('keeps a file and a notebook apart that would be one file elsewhere', async () => {
    const source = '# Databricks notebook source\n1\n'
    const taken = (name: string) => ({
      status: 400,
      body: expect.objectContaining({
        error_code: 'RESOURCE_ALREADY_EXISTS',
        message: `Path (/Users/${ann}/${name}) already exists.`,
      }) as object,
    })
    const written = async (name: string, text: string) => {
      const reply = await importFile(`/Users/${ann}/${name}`, text, { overwrite: true })
      return { status: reply.status, body: reply.json() }
    }
    expect((await written('twin.py', source)).status).toBe(200)
    expect(await written('twin.py', '1')).toEqual(taken('twin.py'))
    expect((await written('twin.sql', '1')).status).toBe(200)
    expect(await written('twin.sql', '-- Databricks notebook source\n1')).toEqual(taken('twin.sql'))
    expect((await written('plain.py', '1')).status).toBe(200)
    expect(await written('plain.py', source)).toEqual(taken('plain.py'))
    expect((await remove(`/Users/${ann}/plain.py`)).status).toBe(200)
    expect((await written('plain.py', source)).status).toBe(200)
  })

  it('takes 10 MiB and not a byte more', async () => {
    const largest = new Uint8Array(10 * 1024 * 1024)
    expect((await importFile(`/Users/${ann}/large`, largest)).status).toBe(200)
    const over = await importFile(`/Users/${ann}/larger`, new Uint8Array(largest.length + 1))
    expect([over.status, over.json()['message']]).toEqual([
      400,
      expect.stringContaining('File is larger than 10485760 bytes'),
    ])
  })
})

describe('the tree', () => {
  it('echoes the spelling of the question', async () => {
    await mkdirs(`/Users/${ann}/spelling/inner`)
    for (const prefix of ['', '/Workspace']) {
      const folder = `${prefix}/Users/${ann}/spelling`
      expect((await get('get-status', folder)).json()['path']).toBe(folder)
      expect((await get('list', folder)).json()).toEqual({
        objects: [expect.objectContaining({ path: `${folder}/inner`, object_type: 'DIRECTORY' })],
      })
    }
    expect((await get('list', `/Users/${ann}/spelling/inner`)).json()).toEqual({})
  })

  it('says what does not exist and what is not empty', async () => {
    const missing = await get('get-status', `/Users/${ann}/nothing`)
    expect([missing.status, missing.json()]).toEqual([
      404,
      expect.objectContaining({
        error_code: 'RESOURCE_DOES_NOT_EXIST',
        message: `Path (/Users/${ann}/nothing) doesn't exist.`,
      }),
    ])
    await mkdirs(`/Users/${ann}/full/inner`)
    const full = await remove(`/Users/${ann}/full`)
    expect([full.status, full.json()]).toEqual([
      400,
      expect.objectContaining({
        error_code: 'DIRECTORY_NOT_EMPTY',
        message: `Folder (/Users/${ann}/full) is not empty`,
      }),
    ])
    expect((await remove(`/Users/${ann}/full`, true)).status).toBe(200)
    expect((await get('get-status', `/Users/${ann}/full/inner`)).status).toBe(404)
  })

  it('imports and exports base64 JSON and multipart forms', async () => {
    const file = `/Users/${ann}/form.txt`
    const content = Buffer.from('via json').toString('base64')
    const json = { path: file, content, format: 'AUTO' }
    expect((await api.call('POST', '/api/2.0/workspace/import', { json, as: ann })).status).toBe(200)
    expect((await api.call('POST', '/api/2.0/workspace/import', { json, as: ann })).json()).toMatchObject({
      error_code: 'RESOURCE_ALREADY_EXISTS',
    })
    const form = new FormData()
    form.set('path', file)
    form.set('overwrite', 'true')
    form.set('format', 'AUTO')
    form.set('content', new Blob(['via form']))
    expect((await api.call('POST', '/api/2.0/workspace/import', { body: form, as: ann })).status).toBe(200)
    const exported = await get('export', file)
    expect(exported.json()).toEqual({ content: Buffer.from('via form').toString('base64'), file_type: 'txt' })
  })

  it('survives many writers of one file and of many', async () => {
    const shared = `/Users/${ann}/race.txt`
    const bodies = Array.from({ length: 20 }, (_, index) => `writer ${index}`)
    const replies = await Promise.all(bodies.map((body) => importFile(shared, body, { overwrite: true })))
    expect(replies.map((reply) => reply.status)).toEqual(bodies.map(() => 200))
    const last = await get('export', shared, ann, '&direct_download=true')
    expect(bodies).toContain(last.bytes.toString())
    // Every content but the last is gone from the disk.
    await remove(shared)
    const before = await readdir(path.join(api.directory, 'files', 'blobs'), { recursive: true })
    await Promise.all(bodies.map((_, index) => importFile(`/Users/${ann}/same-${index}`, 'same content')))
    const after = await readdir(path.join(api.directory, 'files', 'blobs'), { recursive: true })
    expect(after.filter((name) => path.basename(name).length === 64)).toHaveLength(
      before.filter((name) => path.basename(name).length === 64).length + 1,
    )
  })
})

describe('who may what', () => {
  it('keeps the homes apart and hides what is in them', async () => {
    await importFile(`/Users/${ann}/private.txt`, 'mine')
    const bob = 'bob@example.com'
    expect((await get('export', `/Users/${ann}/private.txt`, bob)).status).toBe(404)
    expect((await importFile(`/Users/${ann}/intruder.txt`, 'x', { as: bob })).status).toBe(403)
    expect((await remove(`/Users/${ann}/private.txt`, false, bob)).status).toBe(404)
    const homes = (await get('list', '/Users', bob)).json()['objects'] as { path: string }[]
    expect(homes.map((home) => home.path)).toEqual([`/Users/${bob}`])
    expect((await get('export', `/Users/${ann}/private.txt`, 'admin')).status).toBe(200)
  })

  it('shares /Shared and what is granted', async () => {
    const bob = 'bob@example.com'
    expect((await importFile('/Shared/notice.txt', 'for all')).status).toBe(200)
    expect((await get('export', '/Shared/notice.txt', bob)).status).toBe(200)
    await mkdirs(`/Users/${ann}/granted`)
    await importFile(`/Users/${ann}/granted/file.txt`, 'look')
    const folder = (await get('get-status', `/Users/${ann}/granted`)).json()['object_id'] as number
    api.grants.set(`${bob}:${folder}`, 'CAN_READ')
    expect((await get('export', `/Users/${ann}/granted/file.txt`, bob)).status).toBe(200)
    expect((await importFile(`/Users/${ann}/granted/file2.txt`, 'x', { as: bob })).status).toBe(403)
  })

  it('protects the folders that everything hangs on', async () => {
    for (const folder of ['/', '/Users', '/Shared', '/Workspace']) {
      expect((await remove(folder, true, 'admin')).json()).toMatchObject({
        error_code: 'DIRECTORY_PROTECTED',
      })
    }
    expect((await remove(`/Users/${ann}`, true)).json()).toMatchObject({ error_code: 'DIRECTORY_PROTECTED' })
  })
})

describe('hostile paths', () => {
  const hostile = [
    '../etc/passwd',
    '/../etc/passwd',
    `/Users/${ann}/../bob@example.com/x`,
    `/Users/${ann}/./x`,
    `/Users/${ann}/a\\..\\b`,
    `/Users/${ann}/nul\u0000byte`,
    `/Users/${ann}/line\nbreak`,
    `/Users/${ann}/${'n'.repeat(256)}`,
    '',
    'relative',
  ]

  it.each(hostile)('refuses %j', async (file) => {
    const replies = [
      await importFile(`/${file}`.replace('//', '/'), 'x'),
      await mkdirs(file),
      await get('list', file),
    ]
    for (const reply of replies) expect([400, 403, 404]).toContain(reply.status)
    expect((await mkdirs(file)).status).toBe(400)
  })

  it('answers any text with a client error or success, and touches nothing outside', async () => {
    const names = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('..', '.', '%2e%2e', '%2F', '/', '~'),
    )
    const paths = fc
      .array(names, { minLength: 1, maxLength: 4 })
      .map((parts) => `/Users/${ann}/${parts.join('/')}`)
    await fc.assert(
      fc.asyncProperty(paths, async (file) => {
        const text = file.toWellFormed()
        const statuses = [
          (await importFile(text, 'x')).status,
          (await mkdirs(text)).status,
          (await get('get-status', text)).status,
          (await get('export', text, ann, '&direct_download=true')).status,
        ]
        for (const status of statuses) expect(status).toBeLessThan(500)
      }),
      { numRuns: 60 },
    )
    expect((await readdir(api.directory)).filter((name) => !name.startsWith('metadata'))).toEqual(['files'])
  })
})
