// What git ignores: asked of git itself where it is installed, worked out by the `ignore` library where it is not.
import { findGit, gitIgnore } from './git-ignore.ts'
import type { Environment, IgnoreRules } from './ignore-rules.ts'
import { libraryIgnore } from './library-ignore.ts'

/** The rules of `folder`, which need not lie in a repository. */
export async function ignoreRulesOf(folder: string, env: Environment): Promise<IgnoreRules> {
  return (await findGit(env)) ? gitIgnore(folder, env) : libraryIgnore(folder, env)
}
