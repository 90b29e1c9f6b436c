import { expect, test } from 'vitest'
import { Changes } from './changes.ts'

test('tells which topics changed since a revision, whatever happened in between', () => {
  const changes = new Changes()
  changes.note(['projects', 'branches'])
  const seen = changes.since(0)
  expect(seen.topics).toEqual(['projects', 'branches'])
  expect(changes.since(seen.revision).topics).toEqual([])

  for (let time = 0; time < 1000; time += 1) changes.note(['branches'])
  changes.note(['apps'])
  expect(changes.since(seen.revision).topics).toEqual(['branches', 'apps'])
  expect(changes.revisionOf('projects')).toBeLessThan(changes.revisionOf('branches'))
  expect(changes.revisionOf('tokens')).toBe(0)
})

test('wakes who waits, and nobody for nothing', async () => {
  const changes = new Changes()
  let woken = 0
  void changes.next().then(() => {
    woken += 1
  })
  changes.note([])
  await Promise.resolve()
  expect(woken).toBe(0)
  changes.note(['files'])
  await Promise.resolve()
  expect(woken).toBe(1)
})
