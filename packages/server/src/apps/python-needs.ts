// What an app uses of the platform's packages without having installed them itself, and how they are laid under its own.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { PLATFORM_PROGRAMS, platformModules } from './platform-packages.ts'

/** Reads all Python files of the current directory and prints which modules of argv[1] they import and nothing here provides. */
const FIND_MISSING = `
import ast, importlib.util, os, sys
known = set(sys.argv[1].split(','))
found = set(sys.argv[2].split(',')) & known
for folder, folders, files in os.walk('.'):
    folders[:] = [each for each in folders if not each.startswith('.') and each not in ('node_modules', 'venv', '__pycache__')]
    for name in files:
        path = os.path.join(folder, name)
        if not name.endswith('.py') or os.path.getsize(path) > 1000000:
            continue
        try:
            tree = ast.parse(open(path, 'rb').read())
        except (SyntaxError, ValueError, OSError, RecursionError):
            continue
        for node in ast.walk(tree):
            names = []
            if isinstance(node, ast.Import):
                names = [each.name for each in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names = [node.module] + [node.module + '.' + each.name for each in node.names]
            for each in names:
                parts = each.split('.')
                found.update({parts[0], '.'.join(parts[:2])} & known)
def is_there(name):
    first = name.split('.')[0]
    if os.path.exists(first + '.py') or os.path.isdir(first):
        return True
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False
print('missing', *sorted(each for each in found if not is_there(each)))
`

/** Lays the environment argv[1] under the one that runs this: its modules come after the own ones, its programs where there is no own one. */
const LAY_UNDER = `
import os, sys, sysconfig
layer = sys.argv[1]
own = sysconfig.get_path('purelib')
below = os.path.join(layer, os.path.relpath(own, sys.prefix))
with open(os.path.join(own, 'zz_platform_packages.pth'), 'w') as file:
    file.write('import site; site.addsitedir(%r)\\n' % below)
programs = os.path.join(sys.prefix, 'bin')
for name in os.listdir(os.path.join(layer, 'bin')):
    source, target = os.path.join(layer, 'bin', name), os.path.join(programs, name)
    if name.startswith(('python', 'pip', 'activate', 'Activate')) or os.path.lexists(target):
        continue
    with open(source, 'rb') as file:
        first, rest = file.readline(), file.read()
    if first.startswith(b'#!') and b'python' in first:
        with open(target, 'wb') as file:
            file.write(b'#!' + os.path.join(programs, 'python').encode() + b'\\n' + rest)
        os.chmod(target, 0o755)
    else:
        os.symlink(source, target)
`

/** Command that prints what {@link neededPackages} reads; it runs in the folder of the app. */
export function findMissing(venv: string, command: readonly string[]): string[] {
  const modules = [...platformModules().keys()].join(',')
  return [pythonOf(venv), '-I', '-c', FIND_MISSING, modules, namedModules(command).join(',')]
}

/** Packages of the platform that the app needs: for modules that `output` says are missing, and for programs that its command names. */
export function neededPackages(output: string, venv: string, command: readonly string[]): string[] {
  const modules = platformModules()
  const missing = /^missing(.*)$/m.exec(output)?.[1]?.split(' ') ?? []
  const programs = wordsOf(command).filter((word) => !existsSync(path.join(venv, 'bin', word)))
  const packages = [
    ...missing.flatMap((module) => modules.get(module) ?? []),
    ...programs.flatMap((program) => PLATFORM_PROGRAMS.get(program) ?? []),
  ]
  return [...new Set(packages)].sort()
}

/** Command that lays `layer` under the packages of `venv`; for whoever owns that. */
export function layUnder(layer: string, venv: string): string[] {
  return [pythonOf(venv), '-I', '-c', LAY_UNDER, layer]
}

/** The interpreter of an environment. */
export function pythonOf(venv: string): string {
  return path.join(venv, 'bin', 'python')
}

/** Modules of `python -m …`. */
function namedModules(command: readonly string[]): string[] {
  const words = wordsOf(command)
  return words.flatMap((word, index) => (words[index - 1] === '-m' ? [word.split('.')[0] ?? ''] : []))
}

/** The words of a command, those within `sh -c '…'` too. */
function wordsOf(command: readonly string[]): string[] {
  return command.flatMap((each) => each.split(/\s+/))
}
