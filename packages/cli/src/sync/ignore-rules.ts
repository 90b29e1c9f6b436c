// What git ignores: asked of git itself where it is installed, worked out by the `ignore` library where it is not.
import type { Environment } from './git-ignore.ts'
import { findGit, gitIgnore } from './git-ignore.ts'
import { libraryIgnore } from './library-ignore.ts'

/** Answers as `git check-ignore` does, for one folder and everything below it. */
export interface IgnoreRules {
  /** Names that are ignored. Names are relative to the folder, with `/`; those of folders end in `/`. Parents are asked before children. */
  ignored(names: readonly string[]): Promise<ReadonlySet<string>>
}

/** The rules of `folder`, which need not lie in a repository. */
export async function ignoreRulesOf(folder: string, env: Environment): Promise<IgnoreRules> {
  return (await findGit(env)) ? gitIgnore(folder, env) : libraryIgnore(folder, env)
}
