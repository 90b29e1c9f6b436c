// Putting other files in the place of a branch's: all that is in its directory is exchanged, the name of the directory stays. A crash may
// come between any two renames. What is there says how far it came:
//
//   next/                  built whole, waits; the branch is as it was
//   next/ and previous/    the old files are on their way to previous/
//   arriving/, previous/   the old files are away, the new ones on their way to their place
//   previous/              exchanged
//
// Going back is the same way in the other direction, so each of these can be gone on from both ways.
import { mkdir, readdir, rename, rmdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { syncDirectory } from '../base/files.ts'
import type { KeyedMutex } from '../base/mutex.ts'
import { removeTree } from '../base/remove-tree.ts'
import { type BranchPaths, pathsIn } from './branch-files.ts'

const NEXT = 'next'
const ARRIVING = 'arriving'
const PREVIOUS = 'previous'
const OWN = new Set([NEXT, ARRIVING, PREVIOUS])

/** The replacement of the files in one branch's directory. Nothing may run on them while they are exchanged. */
export class Replacement {
  readonly #directory: string
  readonly #mutex: KeyedMutex<string>

  constructor(directory: string, mutex: KeyedMutex<string>) {
    this.#directory = directory
    this.#mutex = mutex
  }

  /** Where what is to come waits. */
  get next(): string {
    return this.#at(NEXT)
  }

  /** Gives what was built its place beside the files that it is to replace. What an earlier replacement left goes. */
  async bring(building: string): Promise<void> {
    await this.#alone(async () => {
      await removeTree(this.#at(PREVIOUS))
      await removeTree(this.next)
      await rename(building, this.next)
      await syncDirectory(this.#directory)
    })
  }

  /** Exchanges the files. Does nothing where there is nothing to come. */
  async exchange(): Promise<void> {
    await this.#alone(() => this.#exchange())
  }

  async #exchange(): Promise<void> {
    const there = await this.#names()
    if (there.has(NEXT)) {
      await mkdir(this.#at(PREVIOUS), { recursive: true, mode: 0o711 })
      await this.#moveAll('', PREVIOUS)
      await this.#rename(NEXT, ARRIVING)
    }
    if (!(await this.#names()).has(ARRIVING)) return
    await this.#moveAll(ARRIVING, '')
    await rmdir(this.#at(ARRIVING))
    await syncDirectory(this.#directory)
  }

  /** Has the files again that were there before, where they still are. */
  async takeBack(): Promise<void> {
    await this.#alone(() => this.#takeBack())
  }

  async #takeBack(): Promise<void> {
    const there = await this.#names()
    if (!there.has(PREVIOUS)) return
    if (!there.has(NEXT)) {
      await mkdir(this.#at(ARRIVING), { recursive: true, mode: 0o711 })
      await this.#moveAll('', ARRIVING)
      await this.#rename(ARRIVING, NEXT)
    }
    await this.#moveAll(PREVIOUS, '')
    await rmdir(this.#at(PREVIOUS))
    await syncDirectory(this.#directory)
  }

  /** Goes on with an exchange that was cut off; true where there was one. */
  async mend(): Promise<boolean> {
    const there = await this.#names()
    const isCutOff = there.has(ARRIVING) || (there.has(NEXT) && there.has(PREVIOUS))
    if (isCutOff) await this.exchange()
    return isCutOff
  }

  /** Where the files are that were replaced, if they still are. */
  get previousFiles(): BranchPaths {
    return pathsIn(this.#at(PREVIOUS))
  }

  /** Removes what was to come and did not. */
  async discardNext(): Promise<void> {
    await removeTree(this.next)
  }

  /** What tells the files that were replaced from those of another replacement; undefined where there are none. */
  async previous(): Promise<number | undefined> {
    return stat(this.#at(PREVIOUS)).then(
      ({ ino }) => ino,
      () => undefined,
    )
  }

  /** Removes the files that were replaced, if they are still those that `previous` told. */
  async discardPrevious(which: number): Promise<void> {
    await this.#alone(async () => {
      if ((await this.previous()) === which) await removeTree(this.#at(PREVIOUS))
    })
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    return this.#mutex.run(this.#directory, work)
  }

  async #names(): Promise<Set<string>> {
    return new Set(await readdir(this.#directory))
  }

  #at(name: string): string {
    return path.join(this.#directory, name)
  }

  async #rename(from: string, to: string): Promise<void> {
    await rename(this.#at(from), this.#at(to))
    await syncDirectory(this.#directory)
  }

  async #moveAll(from: string, to: string): Promise<void> {
    const names = (await readdir(this.#at(from))).filter((name) => from !== '' || !OWN.has(name))
    for (const name of names) await rename(path.join(this.#at(from), name), path.join(this.#at(to), name))
    await syncDirectory(this.#at(to))
    await syncDirectory(this.#at(from))
  }
}
