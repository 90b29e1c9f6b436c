// Runs one of the repository's tools and passes its output through.
import { spawn } from 'node:child_process'
import path from 'node:path'

export const root = path.dirname(import.meta.dirname)

/** Runs `node_modules/.bin/<name>` from the repository root; resolves to its exit code. */
export async function runTool(name: string, args: readonly string[]): Promise<number> {
  const file = path.join(root, 'node_modules', '.bin', name)
  return run(file, args)
}

export async function run(file: string, args: readonly string[], cwd: string = root): Promise<number> {
  const child = spawn(file, args, { cwd, stdio: 'inherit' })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code) => resolve(code ?? 1))
  })
}
