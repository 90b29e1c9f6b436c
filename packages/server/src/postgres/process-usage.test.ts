import { expect, test } from 'vitest'
import { parseStatus } from './process-usage.ts'

const STATUS = `Name:	postgres
State:	R (running)
Tgid:	7
VmRSS:	   26000 kB
RssAnon:	    2000 kB
RssFile:	   14000 kB
RssShmem:	   10000 kB
`

test('a status of the system says whether a process wants a CPU, and what memory it has', () => {
  expect(parseStatus(STATUS)).toEqual({ isRunnable: true, ownBytes: 2_048_000, sharedBytes: 10_240_000 })
  expect(parseStatus(STATUS.replace('R (running)', 'D (disk sleep)')).isRunnable).toBe(true)
  expect(parseStatus(STATUS.replace('R (running)', 'S (sleeping)')).isRunnable).toBe(false)
  // Processes of the kernel have no memory of their own.
  expect(parseStatus('State:\tS (sleeping)\n')).toEqual({ isRunnable: false, ownBytes: 0, sharedBytes: 0 })
})
