// The TLS identity of the workspace: a certificate authority made at first start, and a server certificate it signs.
// Clients trust the authority's file (PGSSLROOTCERT); the server certificate is renewed before it ends or when its names change.
import { createPrivateKey, webcrypto, X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import path from 'node:path'
import type { Clock } from '../base/clock.ts'
import { ensureDirectory, writeFileAtomic } from '../base/files.ts'

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

/** Loads the certificates of `directory`, making what is missing, ending or not valid for all of `names` (DNS names and addresses). */
export async function loadCertificates(
  directory: string,
  names: readonly string[],
  clock: Clock,
): Promise<Certificates> {
  await ensureDirectory(directory, 0o755)
  const files = {
    ca: path.join(directory, 'ca.pem'),
    caKey: path.join(directory, 'ca.key'),
    server: path.join(directory, 'server.pem'),
    serverKey: path.join(directory, 'server.key'),
  }
  if (!(await isUsable(files.ca, files.caKey, [], clock))) await createAuthority(files.ca, files.caKey, clock)
  if (!(await isUsable(files.server, files.serverKey, names, clock, files.ca))) {
    await createServerCertificate(files, names, clock)
  }
  return {
    caFile: files.ca,
    certificate: await readFile(files.server, 'utf8'),
    key: await readFile(files.serverKey, 'utf8'),
  }
}

async function isUsable(
  file: string,
  keyFile: string,
  names: readonly string[],
  clock: Clock,
  caFile?: string,
): Promise<boolean> {
  if (!existsSync(file) || !existsSync(keyFile)) return false
  const certificate = new X509Certificate(await readFile(file))
  if (!certificate.checkPrivateKey(createPrivateKey(await readFile(keyFile)))) return false
  if (caFile && !certificate.verify(new X509Certificate(await readFile(caFile)).publicKey)) return false
  if (certificate.validToDate.getTime() - clock.now().getTime() < RENEW_DAYS * DAY_MS) return false
  const listed = (certificate.subjectAltName ?? '').split(', ')
  // An IPv6 address is listed in its long form, so addresses are compared as addresses.
  return names.every((name) =>
    isIP(name) ? certificate.checkIP(name) !== undefined : listed.includes(`DNS:${name}`),
  )
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
