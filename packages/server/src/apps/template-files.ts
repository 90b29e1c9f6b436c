// App templates: folders of the repository, each with a manifest.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { AppTemplate } from '@lakelet/api'
import { z } from 'zod'
import { LakeletError } from '../base/errors.ts'
import type { PackConnector } from './ports.ts'

const manifestSchema = z.object({ name: z.string(), description: z.string() })

export interface TemplateFile {
  /** With `/`, below the folder of the template. */
  readonly path: string
  readonly bytes: Uint8Array
}

export class TemplateFiles {
  readonly #directory: string
  readonly #packConnector: PackConnector
  /** Packing takes seconds and always gives the same. */
  #connector: Promise<Uint8Array> | undefined

  constructor(directory: string, packConnector: PackConnector) {
    this.#directory = directory
    this.#packConnector = packConnector
  }

  async list(): Promise<AppTemplate[]> {
    const { parse } = await import('yaml')
    const found: AppTemplate[] = []
    for (const name of await this.#names()) {
      const text = await readFile(path.join(this.#directory, name, 'manifest.yaml'), 'utf8')
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

  /** All files of a template. LakeletError `app_template_unknown`. */
  async of(template: string): Promise<TemplateFile[]> {
    await this.check(template)
    const source = path.join(this.#directory, template)
    const files = await Promise.all(
      (await filesIn(source)).map(async (file) => ({
        path: file,
        bytes: await readFile(path.join(source, file)),
      })),
    )
    return [...files, ...(await this.#connectorOf(source))]
  }

  /** Templates that use the connector find it beside them, so that no registry has to have it. */
  async #connectorOf(source: string): Promise<TemplateFile[]> {
    const text = await readFile(path.join(source, 'package.json'), 'utf8').catch(() => '')
    const wanted = /"lakelet-connect":\s*"file:([^"]+\.tgz)"/.exec(text)?.[1]
    if (wanted === undefined) return []
    this.#connector ??= this.#pack()
    try {
      return [{ path: wanted.replace(/^\.\//, ''), bytes: await this.#connector }]
    } catch (error) {
      this.#connector = undefined
      throw error
    }
  }

  async #pack(): Promise<Uint8Array> {
    const directory = await mkdtemp(path.join(tmpdir(), 'lakelet-template-'))
    try {
      const file = path.join(directory, 'connector.tgz')
      await this.#packConnector(file)
      return await readFile(file)
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  }

  async #names(): Promise<string[]> {
    const entries = await readdir(this.#directory, { withFileTypes: true })
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
