// A workspace may run for longer than its certificate holds: it is renewed in time, and the gateway and the API present the new one from then on.
import type { HttpServer } from '../control/http/server.ts'
import type { Gateway } from '../gateway/gateway.ts'
import { loadCertificates } from './certificates.ts'
import type { Infrastructure } from './infrastructure.ts'

/** Certificates are renewed a month before they end; twice a day is early enough, also after the machine slept. */
const LOOK_EVERY_MS = 12 * 3_600_000

export interface CertificateKeeping extends Pick<
  Infrastructure,
  'certificates' | 'hostNames' | 'clock' | 'log'
> {
  readonly directory: string
  /** They present `certificates` now. */
  readonly gateway: Pick<Gateway, 'useCertificate'>
  readonly http: Pick<HttpServer, 'useCertificate'>
}

/** Renews the certificates of `directory` whenever it is time, until disposed. What fails is told to the log and tried again. */
export function keepCertificates(keeping: CertificateKeeping): AsyncDisposable {
  const stopping = new AbortController()
  const done = look(keeping, stopping.signal)
  return {
    [Symbol.asyncDispose]: () => {
      stopping.abort()
      return done
    },
  }
}

async function look(keeping: CertificateKeeping, signal: AbortSignal): Promise<void> {
  const { directory, hostNames, gateway, http, clock, log } = keeping
  let presented = keeping.certificates.certificate
  for (;;) {
    await clock.sleep(LOOK_EVERY_MS, signal).catch(() => {})
    if (signal.aborted) return
    try {
      const certificates = await loadCertificates(directory, hostNames.certificateNames, clock)
      if (certificates.certificate === presented) continue
      await gateway.useCertificate(certificates)
      http.useCertificate(certificates)
      presented = certificates.certificate
      log.info('the certificate of the gateway was renewed')
    } catch (error) {
      log.warn({ err: error }, 'the certificate of the gateway could not be renewed')
    }
  }
}
