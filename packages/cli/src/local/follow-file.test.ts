import { appendFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'
import { followLines, lastLines } from './follow-file.ts'

it('gives whole lines, the last ones first asked for, and goes on with a file that was turned over', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'lakelet-follow-'))
  const file = path.join(directory, 'log')
  try {
    await writeFile(file, 'a\nb\nc\nunfinished')
    expect(await lastLines(file, 2)).toEqual(['b', 'c'])
    const stop = new AbortController()
    const lines = followLines(file, stop.signal)
    // The first look takes the place from which on lines count.
    const first = lines.next()
    await appendFile(file, ' line\nd\n')
    expect(await first).toEqual({ done: false, value: expect.stringMatching(/line$|^d$/) as string })
    await rename(file, `${file}.1`)
    await writeFile(file, 'e\n')
    let line = await lines.next()
    while (line.value !== 'e') line = await lines.next()
    stop.abort()
    expect(await lines.next()).toEqual({ done: true, value: undefined })
  } finally {
    await rm(directory, { recursive: true })
  }
})
