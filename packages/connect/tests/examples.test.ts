// Every program in examples/connect-*, as it stands, against a Lakebase for tests: it must say hello, and end by itself.
import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestLakebase } from '../src/testing/index.ts'
import type { TestLakebase } from '../src/testing/index.ts'
import { startTestPostgres } from './postgres.ts'
import type { TestPostgres } from './postgres.ts'

const run = promisify(execFile)
const examples = fileURLToPath(new URL('../../../examples', import.meta.url))
const programs = (await readdir(examples)).filter((name) => name.startsWith('connect-')).sort()

let postgres: TestPostgres
let lakebase: TestLakebase

beforeAll(async () => {
  postgres = await startTestPostgres()
  lakebase = await startTestLakebase({ upstream: postgres, tokenPadding: 1200 })
})

afterAll(async () => {
  await lakebase?.stop()
  await postgres?.stop()
})

test.each(programs)('%s', async (name) => {
  const flags = [
    '--conditions=lakelet:source',
    '--disable-warning=ExperimentalWarning',
    '--unhandled-rejections=strict',
  ]
  const { stdout } = await run(process.execPath, [...flags, path.join(examples, name, 'main.ts')], {
    env: { PATH: process.env['PATH'], ...lakebase.env },
    timeout: 90_000,
  })
  expect(stdout).toBe('Hello from Lakebase!\n')
  await expect.poll(() => lakebase.proxy.openSockets).toBe(0)
  expect(lakebase.proxy.plaintextPasswords).toBe(0)
})
