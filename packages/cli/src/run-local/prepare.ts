// What an app needs before it can run on this machine, by the tools that a deployment uses.
import { existsSync } from 'node:fs'
import path from 'node:path'
import type { LocalApp } from '@lakelet/server'

/** The virtual environment of a folder, as most tools name it. */
export const VENV = '.venv'

/** Commands that install the packages of the app in its folder. */
export function preparations({ hasPackageJson, python }: LocalApp, directory: string): string[][] {
  const node = existsSync(path.join(directory, 'pnpm-lock.yaml'))
    ? ['npx', '--yes', 'pnpm', 'install', '--frozen-lockfile']
    : ['npm', 'install', '--no-audit', '--no-fund']
  return [...(hasPackageJson ? [node] : []), ...pythonPreparations(python)]
}

function pythonPreparations(python: LocalApp['python']): string[][] {
  if (python === 'none') return []
  if (python === 'uv') return [['uv', 'sync']]
  const pip = path.join(VENV, 'bin', 'python')
  return [
    ['python3', '-m', 'venv', VENV],
    ...(python === 'requirements' ? [[pip, '-m', 'pip', 'install', '-r', 'requirements.txt']] : []),
  ]
}
