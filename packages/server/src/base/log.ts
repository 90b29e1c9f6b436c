// Logging: pino, JSON lines on standard error or into a file. error = a person must look; warn = unexpected but handled;
// info = a state changed; debug = for the developer. Whoever handles an error logs it, nobody who passes it on.
import { type DestinationStream, type Logger, pino } from 'pino'

export type { Logger } from 'pino'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** Names of fields whose values never reach a log line. */
const SECRET_FIELDS = [
  'token',
  'password',
  'secret',
  'authorization',
  'cookie',
  'access_token',
  'refresh_token',
  'client_secret',
]

/** The root logger of a process; components take a child of it with their name. */
export function createLogger(options: {
  readonly level: LogLevel
  readonly destination?: DestinationStream
}): Logger {
  const settings = {
    level: options.level,
    base: null,
    redact: { paths: SECRET_FIELDS.flatMap((name) => [name, `*.${name}`]), censor: '[secret]' },
  }
  return pino(settings, options.destination ?? pino.destination(2))
}
