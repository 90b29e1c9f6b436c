// The rules of a folder, by git. Outside a repository an empty one that lies in the temporary directory lends its rules, so .gitignore
// files and the user's own excludes count there too.
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { Failure } from '../command/failure.ts'
import type { Environment, IgnoreRules } from './ignore-rules.ts'

/** Reads repositories of other users too (a build runs as root), and never starts a program that a repository's settings name. */
const SAFE = ['-c', 'safe.directory=*', '-c', 'core.fsmonitor=false']

/** Variables by which a git that calls us (a hook) would point ours at its own repository. */
const REPOSITORY_VARIABLES = [
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_INDEX_FILE',
  'GIT_PREFIX',
  'GIT_COMMON_DIR',
  'GIT_OBJECT_DIRECTORY',
  'GIT_NAMESPACE',
]

/** Whether git is installed. */
export async function findGit(env: Environment): Promise<boolean> {
  try {
    return (await git(['--version'], { env })).code === 0
  } catch {
    return false
  }
}

/** The rules of `folder` as `git check-ignore` gives them. */
export async function gitIgnore(folder: string, env: Environment): Promise<IgnoreRules> {
  const inside = await git(['-C', folder, 'rev-parse', '--is-inside-work-tree'], { env })
  const hasRepository = inside.code === 0 && inside.out.trim() === 'true'
  return {
    async ignored(names) {
      if (names.length === 0) return new Set()
      return hasRepository ? checkIgnore(folder, [], names, env) : checkWithoutRepository(folder, names, env)
    },
  }
}

async function checkWithoutRepository(
  folder: string,
  names: readonly string[],
  env: Environment,
): Promise<ReadonlySet<string>> {
  const lent = await mkdtemp(path.join(tmpdir(), 'lakelet-git-'))
  try {
    await git(['init', '--quiet', '--bare', '--template=', lent], { env })
    const repository = [`--git-dir=${lent}`, `--work-tree=${folder}`, '-c', 'core.bare=false']
    return await checkIgnore(folder, repository, names, env)
  } finally {
    await rm(lent, { recursive: true, force: true })
  }
}

async function checkIgnore(
  folder: string,
  repository: readonly string[],
  names: readonly string[],
  env: Environment,
): Promise<ReadonlySet<string>> {
  const args = ['-C', folder, ...repository, 'check-ignore', '-z', '--stdin']
  // git matches the text `folder/` otherwise than the folder, so the slash stays here; it looks itself what is a folder.
  const bare = new Map(names.map((name) => [name.replace(/\/$/, ''), name]))
  const { code, out, said } = await git(args, { env, input: `${[...bare.keys()].join('\0')}\0` })
  // 1 says that nothing is ignored.
  if (code === 0 || code === 1) return new Set(out.split('\0').flatMap((name) => bare.get(name) ?? []))
  throw new Failure(`git could not tell which files of ${folder} it ignores: ${said.trim()}`, {
    todo: 'Mend the repository, or sync a copy of the folder.',
  })
}

async function git(
  args: readonly string[],
  options: { readonly env: Environment; readonly input?: string },
): Promise<{ readonly code: number | null; readonly out: string; readonly said: string }> {
  const env = Object.fromEntries(
    Object.entries(options.env).filter(([name]) => !REPOSITORY_VARIABLES.includes(name)),
  )
  const child = spawn('git', [...SAFE, ...args], { env, stdio: 'pipe' })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  // A git that ends early does not read it all; its exit code tells.
  child.stdin.on('error', () => undefined)
  child.stdin.end(options.input ?? '')
  const [code, out, said] = await Promise.all([ended, text(child.stdout), text(child.stderr)])
  return { code, out, said }
}
