// Which major versions of Postgres there are, and all that depends on one: where its programs lie, the template that its clusters are
// cloned from, its settings. The rest of the workspace knows a major version as a number that a project carries.
import type { Logger } from '../base/log.ts'
import { LakeletError } from '../base/errors.ts'
import { readMajor } from './control-file.ts'
import { prepareExtensions } from './extensions/index.ts'
import { openPostgresHost, type PostgresHost } from './host.ts'
import { installRelease, type PostgresInstallation, removeUnfinished } from './installation.ts'
import type { InstallProgress } from './packages.ts'
import { type RecoveredPast, type RecoverPastOptions, recoverPast } from './recover-past.ts'
import { recover } from './recover.ts'
import { findRelease, OFFERED_MAJORS } from './releases.ts'
import { type SettingsCatalog, settingsCatalog } from './settings-catalog/index.ts'
import {
  findSystemBuild,
  installSystemBuild,
  laidBefore,
  readBuildNote,
  type SystemBuild,
} from './system-build.ts'
import { ensureTemplate } from './template.ts'

/** What the directories of settings on trial begin with; see `trial.ts`. */
export const TRIAL = 'trial-'

/** One major version, installed in this workspace. */
export interface PostgresVersion extends PostgresInstallation {
  /** The data directory that new clusters are cloned from; made at the first call. */
  template(): Promise<string>
  /** Every setting it knows. */
  readonly settings: SettingsCatalog
  /** Makes its extensions ready, once; what cannot be had is logged. */
  extensions(log: Logger): Promise<void>
  /** See `recover.ts`. */
  recover(dataDirectory: string): Promise<string>
  /** See `recover-past.ts`. */
  recoverPast(options: Omit<RecoverPastOptions, 'installation'>, signal?: AbortSignal): Promise<RecoveredPast>
}

/** Opens a data directory for Postgres; versions are installed in it as they are asked for. */
export async function openPostgres(options: {
  readonly dataDir: string
  /** Directory of a Postgres of the machine, which new projects of its version get. */
  readonly installation?: string | undefined
}): Promise<PostgresVersions> {
  const host = await openPostgresHost(options)
  await removeUnfinished(host.home, TRIAL)
  // What cannot be used is said at the start.
  const build = options.installation === undefined ? undefined : await findSystemBuild(options.installation)
  return new PostgresVersions(host, build)
}

export class PostgresVersions {
  readonly host: PostgresHost
  readonly #installed = new Map<number, Promise<PostgresVersion>>()
  readonly #watching = new Map<number, Set<InstallProgress>>()
  /** Builds of the machine by their names. */
  readonly #builds = new Map<string, Promise<PostgresVersion>>()
  /** What new projects of its version get. */
  readonly #build: SystemBuild | undefined

  constructor(host: PostgresHost, build?: SystemBuild) {
    this.host = host
    this.#build = build
  }

  /**
   * The version `major` as new projects get it, installed when this is the first call for it; one that failed is tried again by the next
   * call. Throws `postgres_version_unknown`, which names those that are offered, or as `installRelease`.
   */
  of(major: number): Promise<PostgresVersion> {
    return this.#build?.major === major ? this.#ofBuild(this.#build) : this.#ofPackage(major)
  }

  /**
   * The version that runs a data directory: of the package, or the build that it was made by, with the minor version that is there now.
   * Throws as `of`, or `postgres_installation_unusable`.
   */
  async ofDirectory(dataDirectory: string): Promise<PostgresVersion> {
    const [major, directory] = [await readMajor(dataDirectory), await readBuildNote(dataDirectory)]
    if (directory === undefined) return this.#ofPackage(major)
    const build = await findSystemBuild(directory).catch(async (error: unknown) => {
      // It is gone, or of the next major version: what was laid of it still runs.
      const laid = await laidBefore(this.host, directory, major)
      if (laid) return laid
      throw error
    })
    if (build.major === major) return this.#ofBuild(build)
    const laid = await laidBefore(this.host, directory, major)
    return laid ? this.#ofBuild(laid) : this.#ofPackage(major)
  }

  #ofBuild(build: SystemBuild): Promise<PostgresVersion> {
    const known = this.#builds.get(build.name)
    if (known) return known
    const installed = installSystemBuild(this.host, build).then(versionOf)
    this.#builds.set(build.name, installed)
    installed.catch(() => this.#builds.delete(build.name))
    return installed
  }

  #ofPackage(major: number): Promise<PostgresVersion> {
    const known = this.#installed.get(major)
    if (known) return known
    const installed = this.#install(major)
    this.#installed.set(major, installed)
    installed.catch(() => this.#installed.delete(major))
    return installed
  }

  /** As `of`, and says meanwhile how far an installation is, whoever began it. */
  async install(major: number, onProgress: InstallProgress): Promise<PostgresVersion> {
    const watching = this.#watching.get(major) ?? new Set()
    this.#watching.set(major, watching.add(onProgress))
    try {
      return await this.of(major)
    } finally {
      watching.delete(onProgress)
    }
  }

  async #install(major: number): Promise<PostgresVersion> {
    const release = findRelease(major)
    if (!release) {
      throw new LakeletError('postgres_version_unknown', { major, offered: OFFERED_MAJORS.join(', ') })
    }
    const tell = (message: string) => this.#watching.get(major)?.forEach((each) => each(message))
    return versionOf(await installRelease(this.host, release, tell))
  }
}

function versionOf(installation: PostgresInstallation): PostgresVersion {
  const template = once(() => ensureTemplate(installation))
  const extensions = once((log: Logger) => prepareExtensions(installation, log))
  return {
    ...installation,
    template,
    extensions,
    settings: settingsCatalog(installation.major),
    recover: (dataDirectory) => recover(installation, dataDirectory),
    recoverPast: (options, signal) => recoverPast({ ...options, installation }, signal),
  }
}

/** Calls `work` at the first call and gives its outcome to all; after a failure the next call tries again. */
function once<Args extends readonly unknown[], T>(work: (...args: Args) => Promise<T>) {
  let made: Promise<T> | undefined
  return (...args: Args): Promise<T> => {
    made ??= work(...args).catch((error: unknown) => {
      made = undefined
      throw error
    })
    return made
  }
}
