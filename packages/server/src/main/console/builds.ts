// The built console on disk. In a checkout of the repository it is built when a browser first asks for it; a package has it built.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Logger } from '../../base/log.ts'

/** One build: the files that its page begins with, below the build's directory. */
export interface ConsoleBuild {
  readonly build: string
  readonly script: string
  readonly styles: readonly string[]
  readonly preload: readonly string[]
}

export interface Asset {
  readonly bytes: Buffer
  readonly encoding: 'br' | 'gzip' | undefined
}

const SAFE_NAME = /^[\w-][\w.-]*$/
const BUILD_NAME = /^[\da-f]{16}$/

export class ConsoleBuilds implements AsyncDisposable {
  readonly #directory: string
  readonly #log: Logger
  #building: { readonly child: ChildProcess; readonly ended: Promise<void> } | undefined
  #current: ConsoleBuild | undefined

  constructor(directory: string, log: Logger) {
    this.#directory = directory
    this.#log = log
  }

  /** The build to show; undefined while it is being made, which may take seconds, and when it cannot be made. */
  async current(waitMs: number): Promise<ConsoleBuild | undefined> {
    if (this.#current) return this.#current
    if (existsSync(path.join(this.#directory, 'build.ts'))) {
      this.#building ??= this.#start()
      await Promise.race([
        this.#building.ended,
        new Promise((resolve) => setTimeout(resolve, waitMs).unref()),
      ])
      return this.#current
    }
    return this.#read()
  }

  /** A file of this build or of an earlier one that an open page may still need. */
  async asset(name: string, acceptEncoding: string): Promise<Asset | undefined> {
    if (!SAFE_NAME.test(name)) return undefined
    for (const build of await this.#builds()) {
      const file = path.join(this.#directory, 'dist', build, 'assets', name)
      if (!existsSync(file)) continue
      const encoding = encodingOf(acceptEncoding)
      const suffix = encoding === undefined ? '' : encoding === 'br' ? '.br' : '.gz'
      return { bytes: await readFile(`${file}${suffix}`), encoding }
    }
    return undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#building?.child.kill()
    await this.#building?.ended
  }

  #start() {
    const child = spawn(
      process.execPath,
      ['--conditions=lakelet:source', path.join(this.#directory, 'build.ts')],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    )
    return { child, ended: this.#finish(child) }
  }

  async #finish(child: ChildProcess): Promise<void> {
    let written = ''
    child.stderr?.on('data', (chunk: Buffer) => {
      written = `${written}${chunk.toString()}`.slice(-4000)
    })
    const [code] = (await once(child, 'close')) as [number | null]
    if (code === 0) await this.#read()
    else if (!child.killed) {
      this.#log.error({ code, written }, 'the console could not be built; the next page asks for it again')
      this.#building = undefined
    }
  }

  async #read(): Promise<ConsoleBuild | undefined> {
    const dist = path.join(this.#directory, 'dist')
    try {
      // Both files are written by the console's build.
      const { build } = JSON.parse(await readFile(path.join(dist, 'current.json'), 'utf8')) as ConsoleBuild
      const index = await readFile(path.join(dist, build, 'index.json'), 'utf8')
      this.#current = JSON.parse(index) as ConsoleBuild
    } catch (error) {
      this.#log.error({ err: error }, 'there is no built console')
    }
    return this.#current
  }

  async #builds(): Promise<string[]> {
    const first = this.#current?.build
    const names = await readdir(path.join(this.#directory, 'dist')).catch(() => [])
    const others = names.filter((name) => BUILD_NAME.test(name) && name !== first)
    return first === undefined ? others : [first, ...others]
  }
}

function encodingOf(acceptEncoding: string): Asset['encoding'] {
  if (/\bbr\b/.test(acceptEncoding)) return 'br'
  return /\bgzip\b/.test(acceptEncoding) ? 'gzip' : undefined
}
