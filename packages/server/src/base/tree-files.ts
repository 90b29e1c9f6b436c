// The files of a directory tree, a few at a time: a cluster with ten thousand tables has forty thousand of them, and other work goes on.
import { readdir } from 'node:fs/promises'
import path from 'node:path'

const PARALLEL = 16

/** Regular files below `root`, as paths relative to it; directories that vanish meanwhile have none. */
export async function* filesBelow(root: string, relative = ''): AsyncGenerator<string> {
  for (const entry of await entriesOf(path.join(root, relative))) {
    const inside = relative === '' ? entry.name : `${relative}${path.sep}${entry.name}`
    if (entry.isDirectory()) yield* filesBelow(root, inside)
    else if (entry.isFile()) yield inside
  }
}

/** Does `work` for each of them, some at once. */
export async function forFiles(root: string, work: (relative: string) => Promise<void>): Promise<void> {
  const files = filesBelow(root)
  const turns = Array.from({ length: PARALLEL }, async () => {
    for await (const relative of files) await work(relative)
  })
  await Promise.all(turns)
}

async function entriesOf(directory: string) {
  return readdir(directory, { withFileTypes: true }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  })
}
