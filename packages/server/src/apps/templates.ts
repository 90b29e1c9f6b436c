// Templates as the first source of an app, in the creator's workspace home.
import path from 'node:path'
import type { AppTemplate } from '@lakelet/api'
import type { Clock } from '../base/clock.ts'
import { LakeletError } from '../base/errors.ts'
import { homeOf } from '../files/paths.ts'
import type { WorkspaceTree } from '../files/workspace-tree.ts'
import type { PackConnector } from './ports.ts'
import { TemplateFiles } from './template-files.ts'

export interface TemplatesOptions {
  readonly directory: string
  readonly tree: WorkspaceTree
  readonly clock: Clock
  readonly packConnector: PackConnector
}

export class AppTemplates {
  readonly #options: TemplatesOptions
  readonly #files: TemplateFiles

  constructor(options: TemplatesOptions) {
    this.#options = options
    this.#files = new TemplateFiles(options.directory, options.packConnector)
  }

  list(): Promise<AppTemplate[]> {
    return this.#files.list()
  }

  /** LakeletError `app_template_unknown` for a name that is none. */
  check(template: string): Promise<void> {
    return this.#files.check(template)
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
    for (const { path: file, bytes } of await this.#files.of(template)) {
      const key = `${folder}/${file}`
      await this.#options.tree.mkdirs(path.posix.dirname(key))
      const result = await this.#options.tree.write({ key, bytes, overwrite: true })
      if (result !== 'written') throw new LakeletError('path_exists', { path: key })
    }
  }

  /** Takes a folder away again, with the one that was made for it. */
  async remove(folder: string): Promise<void> {
    await this.#options.tree.remove(path.posix.dirname(folder), true)
  }
}
