// The engine of durable operations over a real store, with kinds of its own.
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import { LakeletError } from '../../src/base/errors.ts'
import { guardedLogger } from '../../../../tests/guards/guarded-logger.ts'
import type { OperationKind, Step } from '../../src/operations/operation-kind.ts'
import { Operations } from '../../src/operations/operations.ts'
import { viewOperation } from '../../src/control/views/operation.ts'
import { openMetadata } from '../../src/metadata/database.ts'
import { temporaryDirectory } from '../postgres/installed.ts'
import { expectInLog } from '../../../../tests/guards/log-guard.ts'

interface Input {
  readonly subject: string
}

/** A store in a directory of its own, and operations over it as often as they are started. */
async function openStore() {
  const directory = await temporaryDirectory()
  const metadata = await openMetadata(path.join(directory.path, 'metadata.sqlite'))
  onTestFinished(async () => {
    await metadata[Symbol.asyncDispose]()
    await directory[Symbol.asyncDispose]()
  })
  const log = guardedLogger()
  return { metadata, start: (clock: Clock = systemClock) => new Operations({ metadata, clock, log }) }
}

/** Pauses are over at once. */
const hurried: Clock = { ...systemClock, sleep: (_ms, signal) => systemClock.sleep(1, signal) }

/** A kind that writes down what it does. */
function noting(
  notes: string[],
  steps: Readonly<Record<string, Partial<Step<Input>>>>,
): OperationKind<Input> {
  return {
    name: 'note',
    metadataType: 'Branch',
    steps: Object.entries(steps).map(([name, step]) => ({
      name,
      async run(run) {
        notes.push(name)
        return step.run?.(run)
      },
      async undo(run) {
        notes.push(`undo ${name}`)
        await step.undo?.(run)
      },
    })),
    complete: async (_queries, { input, progress }) => ({ subject: input.subject, ...progress }),
    abandon: async () => {
      notes.push('abandon')
    },
  }
}

const request = (subject: string, scope = subject) => ({
  resource: `projects/${subject}`,
  objectUid: subject,
  input: { subject },
  locks: [{ scope, mode: 'exclusive' as const }],
})

test('steps run in order, and what they return is their successors’ progress', async () => {
  const { start } = await openStore()
  await using operations = start()
  const kind = operations.register(
    noting([], {
      one: { run: async () => ({ first: 1 }) },
      two: { run: async ({ progress }) => ({ second: Number(progress['first']) + 1 }) },
    }),
  )
  const begun = await operations.start(kind, request('a'))
  expect(viewOperation(begun)).toMatchObject({ name: `projects/a/operations/${begun.id}`, done: false })
  const ended = await operations.waitFor(begun.id, 10_000)
  expect(ended && viewOperation(ended)).toEqual({
    name: `projects/a/operations/${begun.id}`,
    done: true,
    metadata: { '@type': 'type.googleapis.com/databricks.postgres.v1.BranchOperationMetadata' },
    response: { subject: 'a', first: 1, second: 2 },
  })
})

test('a step that fails has everything undone in reverse, itself included', async () => {
  const { start } = await openStore()
  await using operations = start()
  const notes: string[] = []
  const fails = async () => {
    throw new LakeletError('branch_protected')
  }
  const kind = operations.register(noting(notes, { one: {}, two: {}, three: { run: fails }, four: {} }))
  const { id } = await operations.start(kind, request('a'))
  const ended = await operations.waitFor(id, 10_000)
  expect(notes).toEqual(['one', 'two', 'three', 'undo three', 'undo two', 'undo one', 'abandon'])
  expect(ended && viewOperation(ended)).toMatchObject({
    done: true,
    error: { error_code: 'BAD_REQUEST', message: 'cannot delete protected branch' },
  })
})

test('a fault shows no more than where to look', async () => {
  expectInLog(/password hunter2/)
  const { start } = await openStore()
  await using operations = start()
  const fails = async () => {
    throw new Error('password hunter2')
  }
  const kind = operations.register(noting([], { one: { run: fails } }))
  const { id } = await operations.start(kind, request('a'))
  const ended = await operations.waitFor(id, 10_000)
  expect(ended?.error).toContain('INTERNAL_ERROR')
  expect(ended?.error).toContain(id)
  expect(ended?.error).not.toContain('hunter2')
})

test('operations on the same thing, or on what contains it, exclude each other', async () => {
  const { start } = await openStore()
  await using operations = start()
  const gate = Promise.withResolvers<void>()
  const kind = operations.register(noting([], { wait: { run: () => gate.promise } }))
  const first = await operations.start(kind, request('a', 'projects/p/branches/b'))
  for (const scope of ['projects/p/branches/b', 'projects/p', 'projects/p/branches/b/roles']) {
    await expect(operations.start(kind, request('b', scope))).rejects.toMatchObject({
      code: 'conflicting_operations',
    })
  }
  const others = ['projects/p/branches/bb', 'projects/p/settings', 'projects/q']
  for (const scope of others) await operations.start(kind, request('c', scope))
  gate.resolve()
  await operations.idle()
  expect(await operations.start(kind, request('d', 'projects/p'))).not.toHaveProperty('id', first.id)
})

test('what was refused by its store leaves nothing behind', async () => {
  const { metadata, start } = await openStore()
  await using operations = start()
  const kind = operations.register(noting([], { one: {} }))
  const refused = operations.start(kind, {
    ...request('a'),
    store: async () => {
      throw new LakeletError('project_exists')
    },
  })
  await expect(refused).rejects.toMatchObject({ code: 'project_exists' })
  expect(await metadata.db.selectFrom('operations').selectAll().execute()).toEqual([])
  expect(await metadata.db.selectFrom('operation_locks').selectAll().execute()).toEqual([])
})

test('stopping pauses between two steps, and the next start goes on there', async () => {
  const { start } = await openStore()
  const notes: string[] = []
  const inSecond = Promise.withResolvers<void>()
  const before = start()
  const paused = noting(notes, {
    one: {},
    two: {
      async run({ signal }) {
        inSecond.resolve()
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
        signal.throwIfAborted()
      },
    },
    three: {},
  })
  const { id } = await before.start(before.register(paused), request('a'))
  await inSecond.promise
  await before[Symbol.asyncDispose]()
  await expect(before.start(paused, request('b'))).rejects.toMatchObject({ code: 'workspace_stopping' })
  expect(notes).toEqual(['one', 'two'])
  await using after = start()
  after.register(noting(notes, { one: {}, two: {}, three: {} }))
  await after.resume()
  expect(await after.waitFor(id, 10_000)).toMatchObject({ state: 'succeeded' })
  expect(notes).toEqual(['one', 'two', 'two', 'three'])
})

test('an undo that fails is tried again', async () => {
  const { start } = await openStore()
  await using operations = start()
  const notes: string[] = []
  let attempts = 0
  const kind = operations.register(
    noting(notes, {
      one: {
        run: async () => {
          throw new LakeletError('branch_protected')
        },
        undo: async () => {
          attempts += 1
          if (attempts === 1) throw new Error('not yet')
        },
      },
    }),
  )
  const { id } = await operations.start(kind, request('a'))
  expect(await operations.waitFor(id, 20_000)).toMatchObject({ state: 'failed' })
  expect(attempts).toBe(2)
})

test('what a step noted is there for its next try', async () => {
  const { start } = await openStore()
  const seen: unknown[] = []
  const noted = Promise.withResolvers<void>()
  const steps = {
    one: {
      async run(run: Parameters<Step<Input>['run']>[0]) {
        const { progress, signal } = run
        seen.push(progress['mark'])
        if (progress['mark'] !== undefined) return { last: 'step' }
        await run.note({ mark: 7 })
        noted.resolve()
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
        throw signal.reason
      },
    },
  }
  const before = start()
  const { id } = await before.start(before.register(noting([], steps)), request('a'))
  await noted.promise
  await before[Symbol.asyncDispose]()
  await using after = start()
  after.register(noting([], steps))
  await after.resume()
  const ended = await after.waitFor(id, 10_000)
  expect(seen).toEqual([undefined, 7])
  expect(ended && viewOperation(ended).response).toEqual({ subject: 'a', mark: 7, last: 'step' })
})

test('an operation that cannot even be undone ends as failed and frees its locks', async () => {
  expectInLog(/"message":"broken"/)
  const { metadata, start } = await openStore()
  await using operations = start(hurried)
  const fails = async () => {
    throw new Error('broken')
  }
  const kind = operations.register({
    ...noting([], { one: { run: fails } }),
    abandon: fails,
  })
  const { id } = await operations.start(kind, request('a'))
  await expect.poll(() => operations.waitFor(id, 1000)).toMatchObject({ state: 'failed' })
  expect(await metadata.db.selectFrom('operation_locks').selectAll().execute()).toEqual([])
  expect(await operations.start(kind, request('a'))).not.toHaveProperty('id', id)
})

test('an operation of a kind that this version does not know ends as failed and frees its locks', async () => {
  expectInLog(/unknown kind note/)
  const { metadata, start } = await openStore()
  const inStep = Promise.withResolvers<void>()
  const before = start()
  const kind = noting([], {
    one: {
      async run({ signal }) {
        inStep.resolve()
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
        signal.throwIfAborted()
      },
    },
  })
  const { id } = await before.start(before.register(kind), request('a'))
  await inStep.promise
  await before[Symbol.asyncDispose]()
  await using after = start(hurried)
  await after.resume()
  await expect.poll(() => after.waitFor(id, 1000)).toMatchObject({ state: 'failed' })
  expect(await metadata.db.selectFrom('operation_locks').selectAll().execute()).toEqual([])
})
