// Metadata from before: what it says is under way has long ended, and must neither be done again nor undone.
import path from 'node:path'
import { expect, test } from 'vitest'
import { abandonOperations } from '../../src/control/recovery/abandon-operations.ts'
import { adopt } from '../../src/control/recovery/adopt.ts'
import { loadRecords } from '../../src/control/recovery/branch-record.ts'
import { makeRecord } from '../../src/control/recovery/make-record.ts'
import { allBranches, updateBranch } from '../../src/metadata/branches.ts'
import { openMetadata } from '../../src/metadata/database.ts'
import { allEndpoints } from '../../src/metadata/endpoints.ts'
import { findOperation, insertLocks, insertOperation, listLocks } from '../../src/metadata/operations.ts'
import { allProjects } from '../../src/metadata/projects.ts'
import { temporaryDirectory } from '../postgres/installed.ts'

const now = '2026-01-31T00:00:00.000Z'
const recordOf = (uid: string, projectUid = `project-of-${uid}`) =>
  makeRecord({ uid, projectUid, pgVersion: 17, owner: { name: 'jane', id: 1 }, now })

test('operations of older metadata are ended without being undone; what they were making is there or goes', async () => {
  await using directory = await temporaryDirectory()
  await using metadata = await openMetadata(path.join(directory.path, 'metadata.sqlite'))
  const { db } = metadata
  for (const uid of ['br-there', 'br-gone']) {
    await adopt(db, recordOf(uid), 1)
    await updateBranch(db, uid, { state: 'INIT' })
  }
  await insertOperation(db, {
    id: 'o',
    resource: 'projects/shop',
    kind: 'create_database',
    metadata_type: 'Database',
    caller_id: 1,
    object_uid: 'p',
    input: '{}',
    progress: '{}',
    state: 'undoing',
    steps_done: 1,
    response: null,
    error: null,
    create_time: now,
    end_time: null,
  })
  await insertLocks(db, [{ operation_id: 'o', scope: 'project/p', mode: 'exclusive' }])
  expect(await abandonOperations(db, (uid) => uid === 'br-there', now)).toBe(1)
  expect(await findOperation(db, 'o')).toMatchObject({ state: 'failed', end_time: now })
  expect(await listLocks(db)).toEqual([])
  expect((await allBranches(db)).map(({ uid, state }) => [uid, state])).toEqual([['br-there', 'READY']])
  expect((await allProjects(db)).map(({ uid }) => uid)).toEqual(['project-of-br-there'])
})

test('a branch that is adopted again stays what it was, and a name that is taken gets a number', async () => {
  await using directory = await temporaryDirectory()
  await using metadata = await openMetadata(path.join(directory.path, 'metadata.sqlite'))
  const { db } = metadata
  const first = recordOf('br-one', 'p')
  await adopt(db, first, 1)
  const once = (await loadRecords(db)).get('br-one')?.record
  await adopt(db, once ?? first, 1)
  expect((await loadRecords(db)).get('br-one')?.record).toEqual(once)
  const second = recordOf('br-two', 'p')
  expect(await adopt(db, { ...second, project: first.project }, 1)).toMatchObject({
    branchId: 'production-2',
  })
  const other = recordOf('br-three', 'q')
  const taken = { ...other, project: { ...other.project, project_id: first.project.project_id } }
  // A copied directory must not take the host name of the branch that it was copied from.
  const copied = { ...taken, endpoints: first.endpoints }
  const { projectId, lostEndpoints } = await adopt(db, copied, 1)
  expect([projectId, lostEndpoints]).toEqual([`${first.project.project_id}-2`, [first.endpoints[0]?.uid]])
  expect((await allEndpoints(db)).map((each) => each.branch_uid).sort()).toEqual(['br-one', 'br-two'])
})
