import type { AppRow } from '../metadata/apps.ts'
import { AppDirectory } from './app-directory.ts'
import type { Hosting } from './hosting.ts'
import { PackageCache } from './package-cache.ts'

/** The directories of all apps below one. */
export class AppDirectories {
  readonly #root: string
  readonly #hosting: Pick<Hosting, 'accounts'>
  /** Of each directory of packages, of which there is one or one an app. */
  readonly #caches = new Map<string, PackageCache>()

  constructor(root: string, hosting: Pick<Hosting, 'accounts'>) {
    this.#root = root
    this.#hosting = hosting
  }

  async of(row: Pick<AppRow, 'name' | 'os_uid'>): Promise<AppDirectory> {
    return new AppDirectory(this.#root, row.name, await this.#hosting.accounts.of(row))
  }

  /** The packages that builds of this app may take. */
  cacheOf(directory: AppDirectory): PackageCache {
    const known = this.#caches.get(directory.cache) ?? new PackageCache(directory.cache, directory.account)
    this.#caches.set(directory.cache, known)
    return known
  }
}
