// What git would take into a repository, so that no secret gets there unnoticed.
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { ignoreRulesOf } from '../sync/ignored-by-git.ts'
import { ancestorsOf } from './data-directory.ts'

/** Whether `file` lies in a repository that does not ignore it, or that has it already. */
export async function isTakenByGit(
  file: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<boolean> {
  const folder = path.dirname(file)
  const repositories = ancestorsOf(folder).map((each) => stat(path.join(each, '.git')).catch(() => undefined))
  if ((await Promise.all(repositories)).every((found) => found === undefined)) return false
  const rules = await ignoreRulesOf(folder, env)
  return (await rules.ignored([path.basename(file)])).size === 0
}
