// What this host lets apps have, for whoever asks without a workspace.
import type { AppIsolation } from '@lakelet/api'
import { createLogger } from '../base/log.ts'
import { accountRange } from './account.ts'
import { openAppLimits } from './limits/app-limits.ts'
import { tryIsolation } from './sandbox/sandboxes.ts'

/** Tries a sandbox and the limits of an app of the smallest size. */
export async function tryHosting(): Promise<AppIsolation> {
  const isOwnUser = (await accountRange()) !== undefined
  const { sandbox, why } = await tryIsolation()
  const log = createLogger({ level: 'silent' })
  await using limits = await openAppLimits({ dataDir: `trial of ${process.pid}`, log, limits: 'auto' })
  return {
    sandbox,
    ...(why === undefined ? {} : { why }),
    user: isOwnUser ? 'own' : 'shared',
    limits: limits.view('MEDIUM', { isOwnUser, isSandboxed: sandbox === 'own' }),
  }
}
