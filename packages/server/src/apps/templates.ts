// App templates: folders of the repository whose files become the first source of an app, in the creator's workspace home.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { AppTemplate } from '@lakelet/api'
import { z } from 'zod'
import type { Clock } from '../base/clock.ts'
import { LakeletError } from '../base/errors.ts'
import { homeOf } from '../files/paths.ts'
import type { WorkspaceTree } from '../files/workspace-tree.ts'
import type { PackConnector } from './ports.ts'

const manifestSchema = z.object({ name: z.string(), description: z.string() })

export interface TemplatesOptions {
  readonly directory: string
  readonly tree: WorkspaceTree
  readonly clock: Clock
  readonly packConnector: PackConnector
}

export class AppTemplates {
  readonly #options: TemplatesOptions
  /** Packing takes seconds and always gives the same. */
  #connector: Promise<Uint8Array> | undefined

  constructor(options: TemplatesOptions) {
    this.#options = options
  }

  async list(): Promise<AppTemplate[]> {
    const { parse } = await import('yaml')
    const found: AppTemplate[] = []
    for (const name of await this.#names()) {
      const text = await readFile(path.join(this.#options.directory, name, 'manifest.yaml'), 'utf8')
      found.push({ name, description: manifestSchema.parse(parse(text)).description })
    }
    return found
  }

  /** LakeletError `app_template_unknown` for a name that is none. */
  async check(template: string): Promise<void> {
    const known = await this.#names()
    if (!known.includes(template))
      throw new LakeletError('app_template_unknown', { template, known: known.join(', ') })
  }

  /** A folder that does not exist yet, in the principal's home, for the template's files. The tutorial's naming: `databricks_apps/<app>_<time>`. */
  async freeFolder(template: string, app: string, principal: string): Promise<string> {
    const stamp = this.#options.clock.now().toISOString().slice(0, 16).replaceAll('-', '_')
    const base = `${homeOf(principal)}/databricks_apps/${app}_${stamp.replace('T', '-').replace(':', '_')}`
    for (let number = 1; ; number += 1) {
      const folder = number === 1 ? base : `${base}-${number}`
      if (!(await this.#options.tree.find(folder))) return `${folder}/${template}-app`
    }
  }

  /** Puts the template's files into `folder`. */
  async instantiate(template: string, folder: string): Promise<void> {
    await this.check(template)
    const source = path.join(this.#options.directory, template)
    for (const file of await filesIn(source)) {
      await this.#write(`${folder}/${file}`, await readFile(path.join(source, file)))
    }
    await this.#bringConnector(source, folder)
  }

  /** Takes a folder away again, with the one that was made for it. */
  async remove(folder: string): Promise<void> {
    await this.#options.tree.remove(path.posix.dirname(folder), true)
  }

  /** Templates that use the connector find it beside them, so that no registry has to have it. */
  async #bringConnector(source: string, target: string): Promise<void> {
    const text = await readFile(path.join(source, 'package.json'), 'utf8').catch(() => '')
    const wanted = /"lakelet-connect":\s*"file:([^"]+\.tgz)"/.exec(text)?.[1]
    if (wanted === undefined) return
    this.#connector ??= this.#pack()
    try {
      await this.#write(`${target}/${wanted.replace(/^\.\//, '')}`, await this.#connector)
    } catch (error) {
      this.#connector = undefined
      throw error
    }
  }

  async #pack(): Promise<Uint8Array> {
    const directory = await mkdtemp(path.join(tmpdir(), 'lakelet-template-'))
    try {
      const file = path.join(directory, 'connector.tgz')
      await this.#options.packConnector(file)
      return await readFile(file)
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  }

  async #write(key: string, bytes: Uint8Array): Promise<void> {
    await this.#options.tree.mkdirs(path.posix.dirname(key))
    const result = await this.#options.tree.write({ key, bytes, overwrite: true })
    if (result !== 'written') throw new LakeletError('path_exists', { path: key })
  }

  async #names(): Promise<string[]> {
    const entries = await readdir(this.#options.directory, { withFileTypes: true })
    return entries
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .sort()
  }
}

/** Paths of all files, with `/`, without what a local trial run of the template leaves behind. */
async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(directory, path.join(entry.parentPath, entry.name)).split(path.sep))
    .filter(
      (parts) =>
        !parts.some((part) => ['node_modules', '__pycache__', '.venv', 'package-lock.json'].includes(part)),
    )
    .map((parts) => parts.join('/'))
}
