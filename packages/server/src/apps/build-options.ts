// What a build is given.
import type { AppDirectory } from './app-directory.ts'
import type { Confinement } from './confined-process.ts'
import type { PackageCache } from './package-cache.ts'
import type { Sandbox } from './sandbox/sandbox.ts'
import type { SourceFolder } from './start-command.ts'

export interface BuildOptions extends Confinement {
  /** What a command runs in that writes to `own` and may be run by `programs`; undefined where this host lets us have none. */
  readonly sandboxFor?: ((own: readonly string[], programs?: readonly string[]) => Sandbox) | undefined
  readonly source: SourceFolder
  /** Directory of the deployment, for what must not lie among the source files. */
  readonly directory: AppDirectory
  readonly deployment: string
  /** What will start the app: the programs that it names are to be there. */
  readonly command: readonly string[]
  readonly cache: PackageCache
  /** Environment of every command, without the PATH of what earlier ones installed. */
  readonly environment: (binDirectories: readonly string[]) => Record<string, string>
  readonly onLine: (line: string) => void
  readonly signal: AbortSignal
}
