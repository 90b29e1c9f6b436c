// Messages a server sends. Postgres documentation 53.7 "Message Formats".
import { BodyReader, cstring, frame, int32 } from './bytes.ts'
import type { RawMessage } from './framer.ts'
import { type NoticeFields, readNoticeFields } from './notice.ts'

/** What a transaction is in: idle, in a transaction, in a failed one. */
export type TransactionStatus = 'I' | 'T' | 'E'

export type BackendMessage =
  | { readonly type: 'authenticationOk' }
  | { readonly type: 'authenticationCleartextPassword' }
  | { readonly type: 'authenticationMd5Password'; readonly salt: Buffer }
  | { readonly type: 'authenticationSasl'; readonly mechanisms: readonly string[] }
  | { readonly type: 'authenticationSaslContinue'; readonly data: Buffer }
  | { readonly type: 'authenticationSaslFinal'; readonly data: Buffer }
  | { readonly type: 'authenticationOther'; readonly code: number }
  | { readonly type: 'parameterStatus'; readonly name: string; readonly value: string }
  | { readonly type: 'backendKeyData'; readonly processId: number; readonly secret: Buffer }
  | { readonly type: 'readyForQuery'; readonly status: TransactionStatus }
  | { readonly type: 'errorResponse'; readonly fields: NoticeFields }
  | { readonly type: 'noticeResponse'; readonly fields: NoticeFields }
  | {
      readonly type: 'negotiateProtocolVersion'
      readonly version: number
      readonly unknownOptions: readonly string[]
    }
  | { readonly type: 'rowDescription'; readonly columns: readonly ColumnDescription[] }
  | { readonly type: 'dataRow'; readonly values: readonly (Buffer | null)[] }
  | { readonly type: 'commandComplete'; readonly tag: string }
  | {
      readonly type: 'notificationResponse'
      readonly processId: number
      readonly channel: string
      readonly payload: string
    }
  | { readonly type: 'other'; readonly code: number }

export interface ColumnDescription {
  readonly name: string
  readonly tableOid: number
  readonly columnNumber: number
  readonly typeOid: number
  readonly typeSize: number
  readonly typeModifier: number
  readonly format: number
}

/** Reads a message of a server. Types that carry nothing for a login or a simple query come back as `other`. */
export function decodeBackendMessage({ type, body }: RawMessage): BackendMessage {
  const reader = new BodyReader(body)
  switch (String.fromCharCode(type)) {
    case 'R':
      return decodeAuthentication(reader)
    case 'S':
      return { type: 'parameterStatus', name: reader.cstring(), value: reader.cstring() }
    case 'K':
      return { type: 'backendKeyData', processId: reader.int32(), secret: reader.rest() }
    case 'Z':
      return { type: 'readyForQuery', status: String.fromCharCode(reader.uint8()) as TransactionStatus }
    case 'E':
      return { type: 'errorResponse', fields: readNoticeFields(reader) }
    case 'N':
      return { type: 'noticeResponse', fields: readNoticeFields(reader) }
    case 'v':
      return decodeNegotiation(reader)
    case 'T':
      return {
        type: 'rowDescription',
        columns: Array.from({ length: reader.uint16() }, () => decodeColumn(reader)),
      }
    case 'D':
      return { type: 'dataRow', values: Array.from({ length: reader.uint16() }, () => reader.sized()) }
    case 'C':
      return { type: 'commandComplete', tag: reader.cstring() }
    case 'A':
      return {
        type: 'notificationResponse',
        processId: reader.int32(),
        channel: reader.cstring(),
        payload: reader.cstring(),
      }
    default:
      return { type: 'other', code: type }
  }
}

function decodeAuthentication(reader: BodyReader): BackendMessage {
  const code = reader.int32()
  switch (code) {
    case 0:
      return { type: 'authenticationOk' }
    case 3:
      return { type: 'authenticationCleartextPassword' }
    case 5:
      return { type: 'authenticationMd5Password', salt: reader.bytes(4) }
    case 10:
      return { type: 'authenticationSasl', mechanisms: readMechanisms(reader) }
    case 11:
      return { type: 'authenticationSaslContinue', data: reader.rest() }
    case 12:
      return { type: 'authenticationSaslFinal', data: reader.rest() }
    default:
      return { type: 'authenticationOther', code }
  }
}

function readMechanisms(reader: BodyReader): string[] {
  const mechanisms: string[] = []
  for (let name = reader.cstring(); name !== ''; name = reader.cstring()) mechanisms.push(name)
  return mechanisms
}

function decodeNegotiation(reader: BodyReader): BackendMessage {
  const version = reader.int32()
  const count = reader.int32()
  const unknownOptions: string[] = []
  for (let i = 0; i < count; i++) unknownOptions.push(reader.cstring())
  return { type: 'negotiateProtocolVersion', version, unknownOptions }
}

function decodeColumn(reader: BodyReader): ColumnDescription {
  return {
    name: reader.cstring(),
    tableOid: reader.uint32(),
    columnNumber: reader.int16(),
    typeOid: reader.uint32(),
    typeSize: reader.int16(),
    typeModifier: reader.int32(),
    format: reader.int16(),
  }
}

export function encodeAuthenticationOk(): Buffer {
  return frame('R', int32(0))
}

export function encodeAuthenticationCleartextPassword(): Buffer {
  return frame('R', int32(3))
}

/** `salt`: 4 bytes. */
export function encodeAuthenticationMd5Password(salt: Uint8Array): Buffer {
  return frame('R', int32(5), salt)
}

/** Mechanisms in the server's order of preference. */
export function encodeAuthenticationSasl(mechanisms: readonly string[]): Buffer {
  return frame('R', int32(10), ...mechanisms.map((name) => cstring(name)), Buffer.of(0))
}

export function encodeAuthenticationSaslContinue(data: Uint8Array): Buffer {
  return frame('R', int32(11), data)
}

export function encodeAuthenticationSaslFinal(data: Uint8Array): Buffer {
  return frame('R', int32(12), data)
}

export function encodeParameterStatus(name: string, value: string): Buffer {
  return frame('S', cstring(name), cstring(value))
}

/** `secret`: 4 bytes in protocol 3.0. */
export function encodeBackendKeyData(processId: number, secret: Uint8Array): Buffer {
  return frame('K', int32(processId), secret)
}

export function encodeReadyForQuery(status: TransactionStatus): Buffer {
  return frame('Z', Buffer.from(status))
}

/**
 * NegotiateProtocolVersion. `version` is the whole number (`PROTOCOL_3_0`): the documentation speaks of the minor
 * version, but SendNegotiateProtocolVersion in backend_startup.c sends, and libpq reads, both halves.
 */
export function encodeNegotiateProtocolVersion(
  version: number,
  unknownOptions: readonly (string | Uint8Array)[],
): Buffer {
  return frame(
    'v',
    int32(version),
    int32(unknownOptions.length),
    ...unknownOptions.map((name) => cstring(name)),
  )
}
