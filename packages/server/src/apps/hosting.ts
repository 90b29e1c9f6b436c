// What the machine gives to all apps: users of their own, marks for their processes, a Node that they can run.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { ensureDirectory, writeFileAtomic } from '../base/files.ts'
import type { Logger } from '../base/log.ts'
import type { Metadata } from '../metadata/database.ts'
import { ensureReachable, reachableNode } from './account.ts'
import { type AppAccounts, openAppAccounts } from './app-accounts.ts'
import { startBindGuard } from './bind-guard.ts'
import { type AppLimits, type AppLimitsOptions, openAppLimits } from './limits/app-limits.ts'
import type { AppSizes } from './limits/sizes.ts'
import { openRunMarks, type RunMarks } from './run-mark.ts'
import { Sandboxes, type SandboxSettings } from './sandbox/sandboxes.ts'

/** What all apps of this machine are run with. */
export interface Hosting {
  readonly accounts: AppAccounts
  readonly marks: RunMarks | undefined
  /** Value of the environment variable that marks processes where nothing better does. */
  readonly mark: string
  /** Directory of the Node that apps run on. */
  readonly nodeDirectory: string
  /** Holds what apps listen on to loopback; undefined where the host does not let us. */
  readonly bindGuard: AsyncDisposable | undefined
  readonly sandboxes: Sandboxes
  readonly limits: AppLimits
  /** Whether nothing speaks against sandboxes before one is tried. */
  readonly mayHaveSandboxes: boolean
}

/** Looks at what this machine offers and opens the way to the apps' directories. LakeletError `app_unreachable_directory`. */
export async function openHosting({
  directory,
  metadata,
  log,
  isolation,
  limits,
  sizes,
}: {
  readonly directory: string
  readonly metadata: Metadata
  readonly log: Logger
  readonly isolation: SandboxSettings['isolation']
  readonly limits: AppLimitsOptions['limits']
  readonly sizes?: AppSizes
}): Promise<Hosting> {
  await ensureDirectory(directory)
  // Node takes `type` from the nearest package.json above a file: an app that has none must not get that of the folder that a person
  // keeps the workspace in.
  const packageFile = path.join(directory, 'package.json')
  if (!existsSync(packageFile)) await writeFileAtomic(packageFile, '{}\n', { mode: 0o644 })
  const accounts = await openAppAccounts(metadata)
  if (accounts.areSeparate) {
    const apps = path.resolve(directory)
    await ensureReachable(await ensureDirectory(path.join(apps, 'by-name')), path.dirname(apps))
  }
  const { range } = accounts
  const sandboxes = new Sandboxes({ isolation, account: range && { uid: range.first, gid: range.first } })
  return {
    accounts,
    marks: await openRunMarks(directory),
    mark: path.resolve(directory),
    nodeDirectory: accounts.areSeparate
      ? await reachableNode(path.join(directory, 'bin'))
      : path.dirname(process.execPath),
    sandboxes,
    limits: await openAppLimits({
      dataDir: path.dirname(path.resolve(directory)),
      log,
      limits,
      ...(sizes && { sizes }),
    }),
    mayHaveSandboxes: (await sandboxes.obstacle()) === undefined,
    bindGuard: range && (await startBindGuard(range, log)),
  }
}
