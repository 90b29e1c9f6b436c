import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { findPython, isOnPath } from './python.ts'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'lakelet-python-'))
})
afterAll(async () => {
  await rm(directory, { recursive: true, force: true })
})

async function fakePython(script: string): Promise<void> {
  const file = path.join(directory, 'python3')
  await writeFile(file, `#!/bin/sh\n${script}\n`)
  await chmod(file, 0o755)
}

it('says that there is none', async () => {
  await expect(findPython(path.join(directory, 'nowhere'))).rejects.toThrow(
    'This is a Python app, and there is no Python on this machine. Install Python 3.9 or newer',
  )
})

it.each([
  ['too old', 'echo 3 6 9.0.1 3.6.8 /usr/bin/python3', 'python3 is 3.6.8'],
  [
    'without venv',
    `echo "ModuleNotFoundError: No module named 'venv'" >&2; exit 1`,
    'python3 lacks its venv module',
  ],
  ['broken', 'exit 127', 'python3 cannot be run'],
])('says that the one there is %s', async (_how, script, message) => {
  await fakePython(script)
  await expect(findPython(directory)).rejects.toThrow(message)
})

it('tells whether its pip can fill other environments', async () => {
  await fakePython('echo 3 11 23.2.1 3.11.7 /usr/bin/python3')
  expect(await findPython(directory)).toEqual({
    program: 'python3',
    identity: '3.11.7 /usr/bin/python3',
    executable: '/usr/bin/python3',
    canInstallElsewhere: true,
  })
  await fakePython('echo 3 9 21.9 3.9.2 /usr/bin/python3')
  expect(await findPython(directory)).toMatchObject({ canInstallElsewhere: false })
})

it('finds programs, and their absence', async () => {
  expect(await isOnPath('python3', directory)).toBe(true)
  expect(await isOnPath('no-such-program', directory)).toBe(false)
})
