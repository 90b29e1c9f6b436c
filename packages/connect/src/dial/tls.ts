import { readFileSync } from 'node:fs'
import type { ConnectionOptions, SecureVersion } from 'node:tls'
import { LakebaseError, codeOf } from '../errors.ts'

type Certificate = string | Buffer

export interface TlsOptions {
  /** Trusted roots in PEM, instead of the system's; default: the file PGSSLROOTCERT names, then Node's own. */
  ca?: Certificate | Certificate[]
  /** The name to ask for (SNI) and to check the certificate against, when it differs from the host. */
  serverName?: string
  minVersion?: SecureVersion
  /** Speak to the server without TLS. Only for a role with a native password: a token is never sent this way. */
  unsafePlaintext?: boolean
}

const certificateFailures = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'HOSTNAME_MISMATCH',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
])

/** Whether `error` says that the peer could not prove who it is. Such a failure is final: trying again proves nothing. */
export function isCertificateFailure(error: unknown): boolean {
  const code = codeOf(error)
  return certificateFailures.has(code) || code.startsWith('CERT_') || code.startsWith('ERR_TLS_CERT')
}

/** Options for `tls.connect`: always verified, with SNI unless the name is an IP address (RFC 6066 §3). */
export function tlsConnectOptions(host: string, tls: TlsOptions): ConnectionOptions {
  const name = tls.serverName ?? host
  return {
    host: name,
    rejectUnauthorized: true,
    minVersion: tls.minVersion ?? 'TLSv1.2',
    ...(!isAddress(name) ? { servername: name } : {}),
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
  }
}

/** IPv6 has colons, IPv4 nothing but digits and dots. */
function isAddress(name: string): boolean {
  return name.includes(':') || /^[\d.]+$/.test(name)
}

/** The roots that PGSSLROOTCERT names; `system` means Node's own, as in libpq. */
export function rootsFromFile(file: string | undefined): string | undefined {
  if (!file || file === 'system') return undefined
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new LakebaseError(
      'CONFIGURATION',
      `PGSSLROOTCERT names ${file}, which cannot be read (${codeOf(error)})`,
      { cause: error },
    )
  }
}
