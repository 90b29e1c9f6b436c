// Channel binding of type tls-server-end-point (RFC 5929 section 4): a hash of the server's certificate, made with the hash
// of its signature, SHA-256 where that is MD5 or SHA-1. be_tls_get_certificate_hash in be-secure-openssl.c.
import { createHash } from 'node:crypto'

/** Signature algorithms by the DER bytes of their object identifier, in hexadecimal. */
const HASH_OF_SIGNATURE: Readonly<Record<string, string>> = {
  '2a864886f70d010104': 'sha256', // md5WithRSAEncryption
  '2a864886f70d010105': 'sha256', // sha1WithRSAEncryption
  '2a864886f70d01010b': 'sha256', // sha256WithRSAEncryption
  '2a864886f70d01010c': 'sha384', // sha384WithRSAEncryption
  '2a864886f70d01010d': 'sha512', // sha512WithRSAEncryption
  '2a864886f70d01010e': 'sha224', // sha224WithRSAEncryption
  '2a8648ce3d0401': 'sha256', // ecdsa-with-SHA1
  '2a8648ce3d040301': 'sha224', // ecdsa-with-SHA224
  '2a8648ce3d040302': 'sha256', // ecdsa-with-SHA256
  '2a8648ce3d040303': 'sha384', // ecdsa-with-SHA384
  '2a8648ce3d040304': 'sha512', // ecdsa-with-SHA512
}
const RSASSA_PSS = '2a864886f70d01010a'
/** Hashes named in the parameters of RSASSA-PSS; SHA-1 is what is meant when none is named. */
const PSS_HASHES: Readonly<Record<string, string>> = {
  '608648016503040201': 'sha256',
  '608648016503040202': 'sha384',
  '608648016503040203': 'sha512',
  '608648016503040204': 'sha224',
}

/**
 * The binding data of a certificate given as DER (`X509Certificate.raw`, `getPeerCertificate().raw`). Undefined where its
 * signature has no hash of its own (Ed25519) or is unknown: channel binding is then not possible.
 */
export function tlsServerEndPoint(certificate: Uint8Array): Buffer | undefined {
  const hash = signatureHash(Buffer.from(certificate.buffer, certificate.byteOffset, certificate.length))
  return hash ? createHash(hash).update(certificate).digest() : undefined
}

function signatureHash(der: Buffer): string | undefined {
  const certificate = element(der, 0)
  const toBeSigned = certificate && element(der, certificate.start)
  const algorithm = toBeSigned && element(der, toBeSigned.end)
  const oid = algorithm && element(der, algorithm.start)
  if (!oid || der[algorithm.start] !== 0x06) return undefined
  const name = der.toString('hex', oid.start, oid.end)
  if (name !== RSASSA_PSS) return HASH_OF_SIGNATURE[name]
  const parameters = der.toString('hex', oid.end, algorithm.end)
  const first = Object.keys(PSS_HASHES)
    .map((each) => ({ each, at: parameters.indexOf(each) }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => a.at - b.at)[0]
  return first ? PSS_HASHES[first.each] : 'sha256'
}

/** Where the content of the DER element at `at` starts and ends; undefined when it does not fit. */
function element(der: Buffer, at: number): { readonly start: number; readonly end: number } | undefined {
  const first = der[at + 1]
  if (first === undefined) return undefined
  if (first < 0x80) return within(der, at + 2, first)
  const count = first & 0x7f
  if (count < 1 || count > 4 || at + 2 + count > der.length) return undefined
  return within(der, at + 2 + count, der.readUIntBE(at + 2, count))
}

function within(
  der: Buffer,
  start: number,
  length: number,
): { readonly start: number; readonly end: number } | undefined {
  return start + length <= der.length ? { start, end: start + length } : undefined
}
