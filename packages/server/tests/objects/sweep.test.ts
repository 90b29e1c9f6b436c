// What a sweep leaves of an archive on a real S3 server: all that a moment of the window needs, and nothing else.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isSoak } from '../../../../tests/hostile/duration.ts'
import { linesIn } from '../../src/objects/lines.ts'
import { baseName, chunkName, segmentName, STATES, tailName } from '../../src/objects/names.ts'
import type { StateRecord } from '../../src/objects/records.ts'
import { openS3 } from '../../src/objects/s3-store.ts'
import { keptStates, sweep } from '../../src/objects/sweep.ts'
import { Vault } from '../../src/objects/vault.ts'
import { findS3Server, S3_ENVIRONMENT, type S3Server, startS3Server } from './s3-server.ts'

const found = await findS3Server(isSoak)
const skipped = 'reason' in found ? ` (skipped: ${found.reason})` : ''
const HOUR = 3_600_000
const DAY = 24 * HOUR
const now = new Date('2026-01-31T12:30:00Z')
const stateAt = (ms: number) => `${STATES}${String(ms).padStart(15, '0')}-00000000`

test('all states of the last hour are kept, then one an hour, one a day, and the one before the window', () => {
  const ages = [0, 0.1, 0.9, 2, 2.1, 5, 30, 31, 24 * 6, 24 * 8, 24 * 9]
  const names = ages.map((hours) => stateAt(now.getTime() - hours * HOUR)).toSorted()
  const kept = keptStates(names, now.getTime(), 7 * DAY).map(
    (name) => (now.getTime() - Number(name.slice(STATES.length, -9))) / HOUR,
  )
  expect(kept).toEqual([24 * 8, 24 * 6, 30, 5, 2, 0.9, 0.1, 0])
  expect(keptStates(names.slice(0, 1), now.getTime(), DAY), 'the last one, however old').toHaveLength(1)
})

describe.skipIf('reason' in found)(`a sweep${skipped}`, () => {
  let server: S3Server
  const before = { ...process.env }
  beforeAll(async () => {
    Object.assign(process.env, S3_ENVIRONMENT)
    server = await startS3Server('program' in found ? found.program : '')
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
    process.env = before
  })

  test('leaves what the window needs, and removes the rest with its chunks', async () => {
    const store = await openS3({ url: 's3://bucket/swept', endpoint: `http://127.0.0.1:${server.port}` })
    const vault = await Vault.openOrBegin(store, 'a passphrase of tests', { workspaceId: '1', now })
    const [live, dead] = ['a'.repeat(24), 'b'.repeat(24)]
    const chunk = (text: string) => vault.putChunk(Buffer.from(text))
    const segment = (n: number) => `0000000100000000${n.toString(16).toUpperCase().padStart(8, '0')}`
    const treeOf = async (text: string) => [
      {
        path: text,
        type: 'file',
        mode: 0o600,
        owner: 'workspace',
        pieces: [{ chunk: await chunk(text), at: 0, bytes: text.length }],
      },
    ]
    const base = async (line: string, id: string, days: number, first: number, text: string) => {
      const time = new Date(now.getTime() - days * DAY).toISOString()
      const name = baseName(line, id)
      const note = { lsn: '0/1', time, from: time, firstSegment: segment(first), timeline: 1 }
      await vault.putRecord(name, { ...note, tree: await treeOf(text) })
      return name
    }
    const log = async (line: string, n: number) => {
      const name = segmentName(line, segment(n), await chunk(`${line} ${n}`))
      await vault.putRecord(name, { bytes: 9 })
      return name
    }
    const gone = [
      await base(live, 'first', 30, 1, 'only in the first'),
      await log(live, 1),
      await base(dead, 'last', 1, 1, 'only in the dead'),
      await log(dead, 1),
    ]
    const kept = [
      await base(live, 'second', 10, 2, 'shared'),
      await base(live, 'third', 1, 3, 'shared'),
      await log(live, 2),
      await log(live, 3),
    ]
    const tail = tailName(live, now)
    const unfinished = await chunk('unfinished')
    await vault.putRecord(tail, {
      time: now.toISOString(),
      segments: [{ name: segment(4), bytes: 9, chunk: unfinished }],
    })
    const record: StateRecord = {
      time: now.toISOString(),
      lakelet: 'x',
      platform: 'x',
      tree: (await treeOf('metadata')) as StateRecord['tree'],
      branches: [{ uid: 'u', name: 'n', line: live, timeline: 1, windowSeconds: 7 * 86_400, notes: {} }],
      snapshots: [],
    }
    const current = { name: stateAt(now.getTime()), record, missing: [] }
    await vault.putRecord(current.name, record)
    const lines = await linesIn(vault)
    await sweep({ vault, lines, snapshots: new Set(), current, now, signal: new AbortController().signal })
    const left: string[] = []
    for await (const { name } of store.list('')) left.push(name)
    for (const name of [...kept, tail, current.name, chunkName(unfinished)]) expect(left).toContain(name)
    for (const name of gone) expect(left).not.toContain(name)
    const used = ['shared', `${live} 2`, `${live} 3`, 'unfinished', 'metadata']
    // What was swept is sent again where it is needed again.
    const chunks = await Promise.all(used.map(async (text) => chunkName(await chunk(text))))
    expect(left.filter((name) => name.startsWith('chunks/')).toSorted()).toEqual(chunks.toSorted())
    expect([...lines.keys()]).toEqual([live])
  })
})
