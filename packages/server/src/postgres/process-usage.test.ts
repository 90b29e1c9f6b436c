import { expect, test } from 'vitest'
import { parseCpuSeconds, parseStatus } from './process-usage.ts'

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

test('the time on CPUs is that of a process and of its children that have ended, whatever it is called', () => {
  const stat = '7 (postgres) (x)) S 1 7 7 0 -1 4194560 900 800 0 0 150 50 30 20 20 0 1 0 12345 0 0'
  expect(parseCpuSeconds(stat)).toBe(2.5)
})
