import { createLogger, type Logger } from '../../packages/server/src/base/log.ts'
import { noteLine } from './log-guard.ts'

/** A destination for those who want to read the lines too. */
interface Lines {
  write(line: string): void
}

/**
 * The logger of parts that run in the process of the tests: warnings and errors fail the test that caused them. LAKELET_TEST_LOG=1 shows
 * everything they say.
 */
export function guardedLogger(lines?: Lines): Logger {
  const isShown = Boolean(process.env['LAKELET_TEST_LOG'])
  const write = (line: string) => {
    if (isShown) process.stderr.write(line)
    noteLine(line)
    lines?.write(line)
  }
  return createLogger({ level: isShown || lines ? 'debug' : 'warn', destination: { write } })
}
