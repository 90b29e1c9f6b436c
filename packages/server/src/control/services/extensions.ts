// What `CREATE EXTENSION` knows on this machine, and bringing more to it.
import type { PostgresExtension } from '@lakelet/api'
import {
  type ExtensionControl,
  DEFAULT_MAJOR,
  type PostgresVersions,
  availableExtensions,
  installExtension,
} from '../../postgres/index.ts'

/** Longest time for finding and downloading an extension. */
const INSTALL_MS = 120_000

export class ExtensionsService {
  readonly #postgres: PostgresVersions

  constructor(postgres: PostgresVersions) {
    this.#postgres = postgres
  }

  async list(major = DEFAULT_MAJOR): Promise<{ pg_version: number; extensions: PostgresExtension[] }> {
    const version = await this.#postgres.of(major)
    const extensions = (await availableExtensions(version)).map(viewOf)
    return { pg_version: version.major, extensions }
  }

  /** Throws `extension_unknown` with the package to install where there is no way to bring it. */
  async install(name: string, major = DEFAULT_MAJOR): Promise<PostgresExtension> {
    const signal = AbortSignal.timeout(INSTALL_MS)
    const { control, source } = await installExtension(await this.#postgres.of(major), name, signal)
    return { ...viewOf(control), ...(source === undefined ? {} : { source }) }
  }
}

function viewOf({ name, defaultVersion, comment, isTrusted }: ExtensionControl): PostgresExtension {
  return { name, default_version: defaultVersion, comment, trusted: isTrusted }
}
