// The packets before the first typed message. Postgres documentation 53.7 "Message Formats" (StartupMessage, SSLRequest,
// GSSENCRequest, CancelRequest); the checks are those of ProcessStartupPacket in backend_startup.c.
import { BodyReader, cstring, int32, untypedFrame } from './bytes.ts'
import { ProtocolError } from './protocol-error.ts'

/** Protocol 3.0 as the number a startup packet carries. */
export const PROTOCOL_3_0 = 0x0003_0000
/** Protocol 3.2, since Postgres 18: cancel secrets up to 256 bytes. */
export const PROTOCOL_3_2 = 0x0003_0002
/** MAX_STARTUP_PACKET_LENGTH of libpq/pqcomm.h, in bytes without the length word. */
export const MAX_STARTUP_LENGTH = 10_000

const CANCEL_REQUEST = 0x04d2_162e
const SSL_REQUEST = 0x04d2_162f
const GSSENC_REQUEST = 0x04d2_1630
const LONGEST_CANCEL_SECRET = 256

/** A parameter byte for byte: nothing says that names and values are UTF-8. */
export interface StartupParameter {
  readonly name: Buffer
  readonly value: Buffer
}

export type StartupPacket =
  | {
      readonly type: 'startup'
      readonly major: number
      readonly minor: number
      readonly parameters: readonly StartupParameter[]
    }
  | { readonly type: 'sslRequest' }
  | { readonly type: 'gssEncRequest' }
  | { readonly type: 'cancelRequest'; readonly processId: number; readonly secret: Buffer }
  | { readonly type: 'unsupported'; readonly major: number; readonly minor: number }

/** Reads a packet of the startup phase from its body (without the length word). Throws ProtocolError for a broken layout. */
export function decodeStartupPacket(body: Buffer): StartupPacket {
  const reader = new BodyReader(body)
  if (reader.left < 4) throw new ProtocolError('invalid length of startup packet')
  const code = reader.uint32()
  if (code === SSL_REQUEST || code === GSSENC_REQUEST) {
    if (reader.left > 0) throw new ProtocolError('invalid length of startup packet')
    return { type: code === SSL_REQUEST ? 'sslRequest' : 'gssEncRequest' }
  }
  if (code === CANCEL_REQUEST) return decodeCancel(reader)
  const major = code >>> 16
  const minor = code & 0xffff
  if (major !== 3) return { type: 'unsupported', major, minor }
  return { type: 'startup', major, minor, parameters: decodeParameters(reader) }
}

function decodeCancel(reader: BodyReader): StartupPacket {
  if (reader.left < 5 || reader.left > 4 + LONGEST_CANCEL_SECRET)
    throw new ProtocolError('invalid length of cancel request')
  return { type: 'cancelRequest', processId: reader.int32(), secret: reader.rest() }
}

function decodeParameters(reader: BodyReader): StartupParameter[] {
  const malformed = () => new ProtocolError('invalid startup packet layout: expected terminator as last byte')
  const parameters: StartupParameter[] = []
  if (reader.left === 0) return parameters
  for (;;) {
    if (reader.left === 0) throw malformed()
    const name = reader.cstringBytes()
    if (name.length === 0) break
    if (reader.left === 0) throw malformed()
    parameters.push({ name, value: reader.cstringBytes() })
  }
  if (reader.left > 0) throw malformed()
  return parameters
}

/** The value of a parameter as text; of a repeated one the last, as in the server. */
export function startupParameter(parameters: readonly StartupParameter[], name: string): string | undefined {
  return parameters.findLast((each) => each.name.toString('latin1') === name)?.value.toString('utf8')
}

/** A StartupMessage. Parameters are sent in the order given. */
export function encodeStartup(
  parameters: readonly StartupParameter[] | Readonly<Record<string, string>>,
  version: number = PROTOCOL_3_0,
): Buffer {
  const entries = Array.isArray(parameters)
    ? (parameters as readonly StartupParameter[]).flatMap(({ name, value }) => [
        cstring(name),
        cstring(value),
      ])
    : Object.entries(parameters as Readonly<Record<string, string>>).flatMap(([name, value]) => [
        cstring(name),
        cstring(value),
      ])
  return untypedFrame(int32(version), ...entries, Buffer.of(0))
}

/** SSLRequest: the server answers with one byte, `S` or `N`. */
export function encodeSslRequest(): Buffer {
  return untypedFrame(int32(SSL_REQUEST))
}

/** GSSENCRequest: the server answers with one byte, `G` or `N`. */
export function encodeGssEncRequest(): Buffer {
  return untypedFrame(int32(GSSENC_REQUEST))
}

/** CancelRequest for a key from BackendKeyData; the secret has 4 bytes in protocol 3.0 and up to 256 in 3.2. */
export function encodeCancelRequest(processId: number, secret: Uint8Array): Buffer {
  if (secret.length < 1 || secret.length > LONGEST_CANCEL_SECRET) {
    throw new ProtocolError(`a cancel secret has 1 to ${LONGEST_CANCEL_SECRET} bytes, not ${secret.length}`)
  }
  return untypedFrame(int32(CANCEL_REQUEST), int32(processId), secret)
}
