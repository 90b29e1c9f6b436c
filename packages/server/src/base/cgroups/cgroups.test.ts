import { pino } from 'pino'
import { expect, test } from 'vitest'
import type { Controller } from './controller.ts'
import { Cgroups } from './cgroups.ts'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

test.each([
  ['ESRCH', 'that has ended is no trouble', 0],
  ['EPERM', 'that this host does not let us take in is told', 1],
])('%s: a process %s', async (code, _words, told) => {
  const directory = await mkdtemp(path.join(tmpdir(), 'lakelet-groups-'))
  const controller: Controller = {
    directory,
    cpu: true,
    add: () => Promise.reject(Object.assign(new Error(code), { code })),
    limit: async () => undefined,
  }
  const lines: string[] = []
  const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) })
  const cgroups = new Cgroups([controller], { cpu: 'enforced', memory: 'advisory' }, log)
  const group = await cgroups.open('one')
  await group?.add(1)
  expect(lines.length).toBe(told)
  await rm(directory, { recursive: true })
})
