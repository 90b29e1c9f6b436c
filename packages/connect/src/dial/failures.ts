// What a failed attempt means: try again, get another token, or give up.
import type { NoticeFields } from '@lakelet/wire'
import { codeOf } from '../errors.ts'
import { isCertificateFailure } from './tls.ts'

/** The server answered the login with an ErrorResponse. Its bytes are handed on to the driver as they are. */
export class ServerRefusal extends Error {
  override readonly name = 'ServerRefusal'
  readonly code: string
  readonly fields: NoticeFields

  constructor(fields: NoticeFields) {
    super(fields.message ?? 'the server refused the connection without a reason')
    this.code = fields.code ?? 'XX000'
    this.fields = fields
  }
}

/** What to do about a failure. `token`: a new token may help. `busy`: too many connections. `resolve`: a name unknown. */
export type Verdict = 'wake' | 'busy' | 'token' | 'resolve' | 'final'

/** Words of the proxy that say "never", whatever the SQLSTATE. */
const permanent =
  /endpoint is disabled|endpoint cannot be found|check your quotas|could not find (the )?endpoint/i
/** Words of the proxy that say "not now". */
const transient =
  /couldn't connect to compute node|connect(ion)? to compute|endpoint is (starting|waking|suspending)|the database system is (starting|shutting)/i
const crowded = /too many connections? attempts|failed to acquire permit/i

const networkFailures = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'EAI_AGAIN',
  'ERR_SOCKET_CONNECTION_TIMEOUT',
])

/** Judges a failed attempt by its SQLSTATE, by the proxy's words, or by the system's error code. */
export function judge(error: unknown): Verdict {
  return error instanceof ServerRefusal ? judgeRefusal(error) : judgeSystemError(error)
}

function judgeRefusal({ code, message }: ServerRefusal): Verdict {
  if (permanent.test(message)) return 'final'
  if (code === '28P01' || code === '28000') return 'token'
  if (code === '53300' || crowded.test(message)) return 'busy'
  const isTransient =
    code === '57P03' ||
    code === '57P01' ||
    code === '57P02' ||
    code.startsWith('08') ||
    transient.test(message)
  return isTransient ? 'wake' : 'final'
}

function judgeSystemError(error: unknown): Verdict {
  if (isCertificateFailure(error)) return 'final'
  const code = codeOf(error)
  if (code === 'ENOTFOUND') return 'resolve'
  return networkFailures.has(code) ? 'wake' : 'final'
}
