// Loaded before every test file: after each test nothing stands in the log of a workspace that the test did not expect, and at the end
// nothing is left of what the file started.
import { afterAll, afterEach, beforeEach } from 'vitest'
import { startLeakCheck } from './leak-check.ts'
import { beginTest, unexpectedLines } from './log-guard.ts'

const leakCheck = startLeakCheck()

function refuseUnexpected(): void {
  const lines = unexpectedLines().map((line) => line.slice(0, 1500))
  if (lines.length > 0)
    throw new Error(`a workspace logged what no test expects (expectInLog):\n${lines.join('\n')}`)
}

// Hooks of this file run first before and last after those of the test file.
beforeEach(beginTest)
afterEach(refuseUnexpected)
afterAll(async () => {
  const leaks = await leakCheck.leaks()
  if (leaks.length > 0) throw new Error(`the test file leaves behind:\n${leaks.join('\n')}`)
})
afterAll(refuseUnexpected)
