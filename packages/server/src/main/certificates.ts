// The TLS identity of the workspace: a certificate authority made at first start, and a server certificate it signs.
// Clients trust the authority's file (PGSSLROOTCERT); the server certificate is renewed before it ends or when its names change.
import { createPrivateKey, webcrypto, X509Certificate } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import path from 'node:path'
import type { Clock } from '../base/clock.ts'
import { LakeletError } from '../base/errors.ts'
import { ensureDirectory, writeFileAtomic } from '../base/files.ts'
import { reasonOf, setFileAside } from './set-aside.ts'

const CA_DAYS = 3650
const SERVER_DAYS = 397
const RENEW_DAYS = 30
const DAY_MS = 86_400_000
const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

export interface Certificates {
  /** The authority's certificate as a file, for clients. */
  readonly caFile: string
  /** PEM of the server certificate followed by the authority's. */
  readonly certificate: string
  readonly key: string
}

/**
 * Loads the certificates of `directory`, making what is missing, ending or not valid for all of `names` (DNS names and addresses). A
 * damaged server certificate is set aside, told to `onNotice` and made anew. LakeletError `file_damaged` when the authority is
 * needed and damaged: clients trust it, so it is never replaced unasked.
 */
export async function loadCertificates(
  directory: string,
  names: readonly string[],
  clock: Clock,
  onNotice: (notice: string) => void = () => {},
): Promise<Certificates> {
  await ensureDirectory(directory, 0o755)
  const files: CertificateFiles = {
    ca: path.join(directory, 'ca.pem'),
    caKey: path.join(directory, 'ca.key'),
    server: path.join(directory, 'server.pem'),
    serverKey: path.join(directory, 'server.key'),
  }
  const authority = checkAuthority(files, clock)
  const server = checkServer(files, names, clock)
  if (authority.kind === 'damaged' && server.kind !== 'good') throw damagedAuthority(authority, directory)
  if (authority.kind === 'damaged')
    onNotice(
      `${authority.file} cannot be used (${authority.reason}); it is needed when the certificate is renewed.`,
    )
  if (authority.kind === 'none') await createAuthority(files.ca, files.caKey, clock)
  if (authority.kind === 'none' || server.kind !== 'good') {
    if (server.kind === 'damaged') onNotice(setFileAside(server.file, server.reason))
    await createServerCertificate(files, names, clock)
  }
  return {
    caFile: files.ca,
    certificate: await readFile(files.server, 'utf8'),
    key: await readFile(files.serverKey, 'utf8'),
  }
}

interface CertificateFiles {
  readonly ca: string
  readonly caKey: string
  readonly server: string
  readonly serverKey: string
}

/** `none`: to be made, without anybody losing anything. */
type PairState =
  | { readonly kind: 'good' | 'none' }
  | { readonly kind: 'damaged'; readonly file: string; readonly reason: string }

/** One that is ending is made anew; so is one that was not finished, before there was a server certificate. */
function checkAuthority({ ca, caKey, server }: CertificateFiles, clock: Clock): PairState {
  const wasUsed = existsSync(server)
  if (!existsSync(ca))
    return wasUsed ? { kind: 'damaged', file: ca, reason: 'it is missing' } : { kind: 'none' }
  const certificate = tryTo(ca, () => new X509Certificate(readFileSync(ca)))
  if ('reason' in certificate) return { kind: 'damaged', ...certificate }
  if (isEnding(certificate.value, clock)) return { kind: 'none' }
  if (!existsSync(caKey))
    return wasUsed ? { kind: 'damaged', file: caKey, reason: 'it is missing' } : { kind: 'none' }
  return checkKey(certificate.value, caKey, 'ca.pem')
}

function checkServer(
  { ca, server, serverKey }: CertificateFiles,
  names: readonly string[],
  clock: Clock,
): PairState {
  if (!existsSync(server) || !existsSync(serverKey)) return { kind: 'none' }
  const certificate = tryTo(server, () => new X509Certificate(readFileSync(server)))
  if ('reason' in certificate) return { kind: 'damaged', ...certificate }
  const key = checkKey(certificate.value, serverKey, 'server.pem')
  if (key.kind === 'damaged') return key
  const authority = tryTo(ca, () => new X509Certificate(readFileSync(ca)))
  if ('reason' in authority || !certificate.value.verify(authority.value.publicKey)) return { kind: 'none' }
  if (isEnding(certificate.value, clock)) return { kind: 'none' }
  return { kind: isFor(certificate.value, names) ? 'good' : 'none' }
}

function checkKey(certificate: X509Certificate, keyFile: string, of: string): PairState {
  const key = tryTo(keyFile, () => createPrivateKey(readFileSync(keyFile)))
  if ('reason' in key) return { kind: 'damaged', ...key }
  if (certificate.checkPrivateKey(key.value)) return { kind: 'good' }
  return { kind: 'damaged', file: keyFile, reason: `it is not the key of ${of}` }
}

function tryTo<T>(
  file: string,
  work: () => T,
): { readonly value: T } | { readonly file: string; readonly reason: string } {
  try {
    return { value: work() }
  } catch (error) {
    return { file, reason: reasonOf(error) }
  }
}

function isEnding(certificate: X509Certificate, clock: Clock): boolean {
  return certificate.validToDate.getTime() - clock.now().getTime() < RENEW_DAYS * DAY_MS
}

function isFor(certificate: X509Certificate, names: readonly string[]): boolean {
  const listed = (certificate.subjectAltName ?? '').split(', ')
  // An IPv6 address is listed in its long form, so addresses are compared as addresses.
  return names.every((name) =>
    isIP(name) ? certificate.checkIP(name) !== undefined : listed.includes(`DNS:${name}`),
  )
}

function damagedAuthority(
  { file, reason }: { readonly file: string; readonly reason: string },
  directory: string,
): LakeletError {
  const remedy = `Put it back from a copy of the data directory. Or move all files out of ${directory}: the next start makes a new certificate authority, and every client must then be given the new ca.pem.`
  return new LakeletError('file_damaged', { file, reason, remedy })
}

async function createAuthority(file: string, keyFile: string, clock: Clock): Promise<void> {
  const x509 = await loadX509()
  const keys = await webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=Lakelet workspace CA',
    ...validity(clock, CA_DAYS),
    keys,
    signingAlgorithm: KEY_ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  await writeFileAtomic(keyFile, await exportKey(keys.privateKey), { mode: 0o600 })
  await writeFileAtomic(file, certificate.toString('pem'), { mode: 0o644 })
}

async function createServerCertificate(
  files: { readonly ca: string; readonly caKey: string; readonly server: string; readonly serverKey: string },
  names: readonly string[],
  clock: Clock,
): Promise<void> {
  const x509 = await loadX509()
  const ca = new x509.X509Certificate(await readFile(files.ca, 'utf8'))
  const signingKey = await importKey(await readFile(files.caKey, 'utf8'))
  const keys = await webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${names[0] ?? 'localhost'}`,
    issuer: ca.subject,
    ...validity(clock, SERVER_DAYS),
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: KEY_ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((name) => ({ type: isIP(name) ? 'ip' : 'dns', value: name })),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(ca),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  const chain = `${certificate.toString('pem')}\n${ca.toString('pem')}\n`
  await writeFileAtomic(files.serverKey, await exportKey(keys.privateKey), { mode: 0o600 })
  await writeFileAtomic(files.server, chain, { mode: 0o644 })
}

/** Loaded only when something must be signed: the library takes longer to load than the rest of a start. */
async function loadX509(): Promise<typeof import('@peculiar/x509')> {
  await import('reflect-metadata')
  const x509 = await import('@peculiar/x509')
  x509.cryptoProvider.set(webcrypto)
  return x509
}

function validity(clock: Clock, days: number): { notBefore: Date; notAfter: Date } {
  const now = clock.now().getTime()
  // A day of slack for clients whose clock is behind.
  return { notBefore: new Date(now - DAY_MS), notAfter: new Date(now + days * DAY_MS) }
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key))
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    .export({ format: 'pem', type: 'pkcs8' })
    .toString()
}

async function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(pem).export({ format: 'der', type: 'pkcs8' })
  return webcrypto.subtle.importKey('pkcs8', new Uint8Array(der), KEY_ALGORITHM, false, ['sign'])
}
