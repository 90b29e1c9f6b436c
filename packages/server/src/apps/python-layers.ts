// Packages of the platform's image, installed once per machine and set of packages, and laid under the packages of any app. Only wheels
// of a fixed list are taken, so nothing of them runs while they are installed; they belong to who runs the workspace, and apps read them.
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import path from 'node:path'
import { LakeletError } from '../base/errors.ts'
import { randomToken } from '../base/ids.ts'
import { KeyedMutex } from '../base/mutex.ts'
import { type BuildStep, runBuildStep } from './build-step.ts'
import { buildEnvironment } from './environment.ts'
import { platformConstraints } from './platform-packages.ts'
import { createEnvironment, pipInstall, type Python } from './python.ts'
import { runAs } from './remove-tree.ts'

export type LayerStep = Pick<BuildStep, 'mark' | 'onLine' | 'signal'>

const installing = new KeyedMutex<string>()

/** Where layers are kept: for all workspaces of this machine when root runs them, else for those of this user. */
export function layersDirectory(): string {
  const shared = process.getuid?.() === 0 ? '/var/cache' : path.join(homedir(), '.cache')
  return path.join(process.env['XDG_CACHE_HOME'] ?? shared, 'lakelet', 'python')
}

/** The directory of the layer with `packages`, installed if it is not there yet. LakeletError `python_base_failed`. */
export async function platformLayer(
  python: Python,
  packages: readonly string[],
  { mark, onLine, signal }: LayerStep,
): Promise<string> {
  // Not as the app: what all apps read must not be an app's to change.
  const step = { mark, onLine, signal }
  const constraints = platformConstraints().join('\n')
  const wanted = [...packages].sort()
  const hash = createHash('sha256').update(
    [python.identity, `${process.platform}-${process.arch}`, constraints, ...wanted].join('\0'),
  )
  const layer = path.join(layersDirectory(), hash.digest('hex').slice(0, 32))
  await installing.run(layer, async () => {
    if (!existsSync(layer)) await install(python, wanted, { layer, constraints, step })
  })
  return layer
}

/** Made under another name and renamed: two workspaces may do it at once, and the first one that is ready counts. */
async function install(
  python: Python,
  packages: readonly string[],
  { layer, constraints, step }: { layer: string; constraints: string; step: LayerStep },
): Promise<void> {
  await mkdir(path.dirname(layer), { recursive: true, mode: 0o755 })
  const made = `${layer}.${randomToken(8)}.tmp`
  try {
    await mkdir(made)
    const run = (command: readonly string[]) =>
      runBuildStep({ ...step, command, directory: made, environment: installEnvironment() })
    await run(createEnvironment(python, made))
    const file = path.join(made, 'constraints.txt')
    await writeFile(file, `${constraints}\n`)
    const only = ['--only-binary', ':all:', '--root-user-action', 'ignore', '--constraint', file]
    await run([...pipInstall(python, made), ...only, ...packages])
    await runAs(undefined, 'chmod', ['-R', 'a+rX', made])
    await chmod(made, 0o755)
    await rename(made, layer).catch((error: unknown) => {
      if (!existsSync(layer)) throw error
    })
  } catch (error) {
    step.signal.throwIfAborted()
    throw new LakeletError('python_base_failed', { packages: packages.join(', ') }, { cause: error })
  } finally {
    await rm(made, { recursive: true, force: true })
  }
}

function installEnvironment(): Record<string, string> {
  const nodeDirectory = path.dirname(process.execPath)
  return buildEnvironment({ binDirectories: [], nodeDirectory, home: homedir(), isOwnUser: false })
}
