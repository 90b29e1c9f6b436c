// What `CREATE EXTENSION` knows on this machine, and bringing more to it.
import type { PostgresExtension } from '@lakelet/api'
import { LakeletError } from '../../base/errors.ts'
import {
  type ExtensionControl,
  type PostgresInstallation,
  availableExtensions,
  installExtension,
  majorOf,
} from '../../postgres/index.ts'

/** Longest time for finding and downloading an extension. */
const INSTALL_MS = 120_000

export class ExtensionsService {
  readonly #installation: PostgresInstallation

  constructor(installation: PostgresInstallation) {
    this.#installation = installation
  }

  async list(major?: number): Promise<{ pg_version: number; extensions: PostgresExtension[] }> {
    const installation = this.#of(major)
    const extensions = (await availableExtensions(installation)).map(viewOf)
    return { pg_version: majorOf(installation), extensions }
  }

  /** Throws `extension_unknown` with the package to install where there is no way to bring it. */
  async install(name: string, major?: number): Promise<PostgresExtension> {
    const signal = AbortSignal.timeout(INSTALL_MS)
    const { control, source } = await installExtension(this.#of(major), name, signal)
    return { ...viewOf(control), ...(source === undefined ? {} : { source }) }
  }

  #of(major: number | undefined): PostgresInstallation {
    const present = majorOf(this.#installation)
    if (major === undefined || major === present) return this.#installation
    throw new LakeletError('extension_version_unknown', { major, present })
  }
}

function viewOf({ name, defaultVersion, comment, isTrusted }: ExtensionControl): PostgresExtension {
  return { name, default_version: defaultVersion, comment, trusted: isTrusted }
}
