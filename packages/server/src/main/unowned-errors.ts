// What nobody owned: an error thrown in a callback, a rejected promise that nobody awaited. Node would end the process, and with it every
// app and every session of people who had no part in it. Here it is logged and the process goes on.
//
// That is safe because of what is held to elsewhere. Whatever must survive is in SQLite, in Postgres or in a file that was renamed into
// place, each changed in a transaction: no half change lives in memory only. A stream that emits 'error' was destroyed by Node before, so
// the session, request or app concerned ends with it. A rejected promise belongs to one piece of work, and that has ended. A fault of
// this kind is still a fault: it is logged as an error, and it fails the tests.
import type { Logger } from '../base/log.ts'
import { isDiskFull } from '../base/disk-full.ts'

/** Logs what nobody owned until disposed. Only for a process that is a workspace and nothing else. */
export function ownUnownedErrors(log: Logger): Disposable {
  const onException = (error: unknown, origin: NodeJS.UncaughtExceptionOrigin) => {
    report(log, error, origin)
  }
  // Listening for both keeps rejections apart; a listener for exceptions alone would get them as exceptions.
  const onRejection = (error: unknown) => {
    report(log, error, 'unhandledRejection')
  }
  const onWarning = (warning: Error) => {
    if (warning.name !== 'ExperimentalWarning') log.warn({ err: warning }, 'a warning of Node')
  }
  process.on('uncaughtException', onException).on('unhandledRejection', onRejection).on('warning', onWarning)
  return {
    [Symbol.dispose]() {
      process
        .off('uncaughtException', onException)
        .off('unhandledRejection', onRejection)
        .off('warning', onWarning)
    },
  }
}

function report(log: Logger, error: unknown, origin: string): void {
  if (isDiskFull(error))
    log.warn({ err: error, origin }, 'work that nobody waited for failed: the disk is full')
  else log.error({ err: error, origin }, 'an error that nobody handled')
}
