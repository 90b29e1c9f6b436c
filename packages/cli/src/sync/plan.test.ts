import { expect, it } from 'vitest'
import { planSync } from './plan.ts'

const same = (name: string) => Promise.resolve(name)

it('uploads what is new or changed and deletes what is gone', async () => {
  const known = new Map([
    ['a.txt', { modifiedMs: 1000, remoteName: 'a.txt' }],
    ['b.txt', { modifiedMs: 1000, remoteName: 'b.txt' }],
    ['old/deep/c.txt', { modifiedMs: 1000, remoteName: 'old/deep/c.txt' }],
  ])
  const local = [
    { name: 'a.txt', modifiedMs: 1000.7 },
    { name: 'b.txt', modifiedMs: 2000 },
    { name: 'new/d.txt', modifiedMs: 1 },
  ]
  const plan = await planSync(local, known, same)
  expect(plan.put).toEqual(['b.txt', 'new/d.txt'])
  expect(plan.delete).toEqual(['old/deep/c.txt'])
  expect(plan.rmdir).toEqual(['old/deep', 'old'])
  expect([...plan.files.keys()]).toEqual(['a.txt', 'b.txt', 'new/d.txt'])
})

it('deletes the notebook that a file was before', async () => {
  const known = new Map([['n.py', { modifiedMs: 1, remoteName: 'n' }]])
  const plan = await planSync([{ name: 'n.py', modifiedMs: 2 }], known, same)
  expect(plan).toMatchObject({ put: ['n.py'], delete: ['n'] })
})

it('refuses two files with one name in the workspace', async () => {
  const local = [
    { name: 'n', modifiedMs: 1 },
    { name: 'n.py', modifiedMs: 1 },
  ]
  await expect(planSync(local, new Map(), () => Promise.resolve('n'))).rejects.toThrow(
    'n and n.py would both become n',
  )
})
