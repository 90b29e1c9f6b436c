// What is written for a limit, in files that stand where the kernel has its own: hosts that run the tests may have version 1 only, on which the limits
// themselves are tried (`tests/computes/scaling.test.ts` does so with whatever version there is).
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { version2 } from './version2.ts'

test('limits are written as cgroup-v2.rst says, and lifted again', async () => {
  const group = await mkdtemp(path.join(tmpdir(), 'lakelet-cgroup-'))
  await using _removed = { [Symbol.asyncDispose]: () => rm(group, { recursive: true }) }
  const text = (name: string) => readFile(path.join(group, name), 'utf8')
  const both = version2(path.dirname(group), ['cpu', 'memory'])
  await both.limit(group, { cpus: 0.5, memoryBytes: 1_000_000_000 })
  expect([await text('cpu.max'), await text('memory.high')]).toEqual(['50000 100000', '1000000000'])
  await both.limit(group, undefined)
  expect([await text('cpu.max'), await text('memory.high')]).toEqual(['max 100000', 'max'])
  await both.limit(group, { cpus: 1, memoryBytes: 2_000_000_000, isHard: true })
  expect([await text('memory.max'), await text('memory.high')]).toEqual(['2000000000', 'max'])
  await writeFile(path.join(group, 'memory.events'), 'max 12\noom 2\noom_kill 1\n')
  expect(await both.kills?.(group)).toBe(1)
  await both.add(group, 42)
  expect(await text('cgroup.procs')).toBe('42')
  await writeFile(path.join(group, 'memory.stat'), 'anon 5000\nfile 9000\nshmem 2000\nactive_file 3000\n')
  expect(await both.usage?.(group)).toEqual({ usedBytes: 7000, cachedBytes: 7000, workingSetBytes: 3000 })
  expect(version2(group, ['cpu'])).toMatchObject({ cpu: true })
  expect('usage' in version2(group, ['cpu'])).toBe(false)
})
