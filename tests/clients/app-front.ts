// The address of an app over a server that a test runs itself: whoever comes with a token is let in.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { openAppLog } from '../../packages/server/src/apps/app-logs.ts'
import { startFrontProxy } from '../../packages/server/src/apps/front-proxy.ts'
import { systemClock } from '../../packages/server/src/base/clock.ts'
import { guardedLogger } from '../guards/guarded-logger.ts'
import { callerNamed } from '../../packages/server/tests/files/workspace-api.ts'

export interface AppFront extends AsyncDisposable {
  readonly port: number
}

/** Puts a front proxy before `port` of this machine. */
export async function openFront(port: number): Promise<AppFront> {
  await using opening = new AsyncDisposableStack()
  const directory = await mkdtemp(path.join(tmpdir(), 'lakelet-front-'))
  opening.defer(() => rm(directory, { recursive: true, force: true }))
  const log = opening.use(await openAppLog(directory, systemClock))
  const front = opening.use(
    await startFrontProxy({
      visitorScopes: async () => [],
      name: 'app',
      host: '127.0.0.1',
      port: 0,
      visitors: {
        byToken: async () => callerNamed('ann@example.com'),
        bySession: async () => undefined,
        homeUrl: () => 'http://workspace.test',
        tokenFor: () => '',
        signInUrl: (next) => next,
      },
      grants: { may: async () => true },
      upstream: async () => ({ host: '127.0.0.1', port }),
      log,
      logger: guardedLogger(),
    }),
  )
  const opened = opening.move()
  return { port: front.port, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}
