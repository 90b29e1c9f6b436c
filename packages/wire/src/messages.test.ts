import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as backend from './backend.ts'
import { MessageFramer } from './framer.ts'
import * as frontend from './frontend.ts'
import { encodeErrorResponse, encodeNoticeResponse } from './notice.ts'
import { ProtocolError } from './protocol-error.ts'
import { PROTOCOL_3_0 } from './startup.ts'

function raw(bytes: Buffer) {
  const framer = new MessageFramer()
  framer.push(bytes)
  const message = framer.next()
  if (!message || framer.buffered > 0) throw new Error('not exactly one message')
  return message
}

const fromServer = (bytes: Buffer) => backend.decodeBackendMessage(raw(bytes))
const fromClient = (bytes: Buffer) => frontend.decodeFrontendMessage(raw(bytes))

/** Decoders may refuse bytes, but only with a ProtocolError. */
function refusesOrAccepts(decode: () => unknown): boolean {
  try {
    decode()
    return true
  } catch (error) {
    return error instanceof ProtocolError
  }
}

describe('messages of the server', () => {
  test('authentication', () => {
    expect(fromServer(backend.encodeAuthenticationOk())).toEqual({ type: 'authenticationOk' })
    expect(fromServer(backend.encodeAuthenticationCleartextPassword())).toEqual({
      type: 'authenticationCleartextPassword',
    })
    const salt = Buffer.from([1, 2, 3, 4])
    expect(fromServer(backend.encodeAuthenticationMd5Password(salt))).toEqual({
      type: 'authenticationMd5Password',
      salt,
    })
    expect(fromServer(backend.encodeAuthenticationSasl(['A', 'B']))).toEqual({
      type: 'authenticationSasl',
      mechanisms: ['A', 'B'],
    })
    const data = Buffer.from('r=1')
    expect(fromServer(backend.encodeAuthenticationSaslContinue(data))).toEqual({
      type: 'authenticationSaslContinue',
      data,
    })
    expect(fromServer(backend.encodeAuthenticationSaslFinal(data))).toEqual({
      type: 'authenticationSaslFinal',
      data,
    })
  })

  test('session start', () => {
    expect(fromServer(backend.encodeParameterStatus('TimeZone', 'UTC'))).toEqual({
      type: 'parameterStatus',
      name: 'TimeZone',
      value: 'UTC',
    })
    const secret = Buffer.from([9, 8, 7, 6])
    expect(fromServer(backend.encodeBackendKeyData(-42, secret))).toEqual({
      type: 'backendKeyData',
      processId: -42,
      secret,
    })
    expect(fromServer(backend.encodeReadyForQuery('T'))).toEqual({ type: 'readyForQuery', status: 'T' })
    expect(fromServer(backend.encodeNegotiateProtocolVersion(PROTOCOL_3_0, ['_pq_.x', '_pq_.y']))).toEqual({
      type: 'negotiateProtocolVersion',
      version: PROTOCOL_3_0,
      unknownOptions: ['_pq_.x', '_pq_.y'],
    })
  })

  test('errors and notices keep every field, unknown letters included', () => {
    const fields = {
      severity: 'FATAL',
      severityCode: 'FATAL',
      code: '28P01',
      message: 'no',
      detail: 'd',
      hint: 'h',
      position: '1',
      internalPosition: '2',
      internalQuery: 'q',
      where: 'w',
      schema: 's',
      table: 't',
      column: 'c',
      dataType: 'dt',
      constraint: 'n',
      file: 'f',
      line: '3',
      routine: 'r',
      other: { X: 'new' },
    }
    expect(fromServer(encodeErrorResponse(fields))).toEqual({ type: 'errorResponse', fields })
    expect(fromServer(encodeNoticeResponse({ message: 'm' }))).toEqual({
      type: 'noticeResponse',
      fields: { message: 'm' },
    })
  })

  test('an error without any field, even a SQLSTATE, can be read', () => {
    expect(fromServer(encodeErrorResponse({}))).toEqual({ type: 'errorResponse', fields: {} })
  })

  test('no body makes a decoder fail otherwise than with a protocol error', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 80 }), (type, bytes) => {
        for (const decode of [backend.decodeBackendMessage, frontend.decodeFrontendMessage]) {
          expect(refusesOrAccepts(() => decode({ type, body: Buffer.from(bytes) }))).toBe(true)
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe('messages of the client', () => {
  test('queries', () => {
    expect(fromClient(frontend.encodeQuery('select 1'))).toEqual({ type: 'query', text: 'select 1' })
    expect(fromClient(frontend.encodeParse('s', 'select $1', [23]))).toEqual({
      type: 'parse',
      statement: 's',
      text: 'select $1',
      parameterTypes: [23],
    })
    expect(fromClient(frontend.encodeBind('p', 's', ['1', null]))).toEqual({
      type: 'bind',
      portal: 'p',
      statement: 's',
    })
    expect(fromClient(frontend.encodeDescribe('statement', 's'))).toEqual({
      type: 'describe',
      of: 'statement',
      name: 's',
    })
    expect(fromClient(frontend.encodeExecute('p', 5))).toEqual({ type: 'execute', portal: 'p', maxRows: 5 })
    expect(fromClient(frontend.encodeClose('portal', 'p'))).toEqual({
      type: 'close',
      of: 'portal',
      name: 'p',
    })
    expect(fromClient(frontend.encodeSync())).toEqual({ type: 'sync' })
    expect(fromClient(frontend.encodeFlush())).toEqual({ type: 'flush' })
    expect(fromClient(frontend.encodeTerminate())).toEqual({ type: 'terminate' })
  })

  test('COPY', () => {
    expect(fromClient(frontend.encodeCopyData(Buffer.from('1\n')))).toEqual({
      type: 'copyData',
      data: Buffer.from('1\n'),
    })
    expect(fromClient(frontend.encodeCopyDone())).toEqual({ type: 'copyDone' })
    expect(fromClient(frontend.encodeCopyFail('why'))).toEqual({ type: 'copyFail', reason: 'why' })
  })

  test('passwords and SASL', () => {
    expect(frontend.decodePassword(raw(frontend.encodePassword('p w')).body)).toEqual(Buffer.from('p w'))
    expect(() => frontend.decodePassword(Buffer.from('a\0b\0'))).toThrow(ProtocolError)
    expect(() => frontend.decodePassword(Buffer.from('a'))).toThrow(ProtocolError)
    expect(() => frontend.encodePassword('a\0b')).toThrow(ProtocolError)
    const first = raw(frontend.encodeSaslInitialResponse('SCRAM-SHA-256', Buffer.from('n,,'))).body
    expect(frontend.decodeSaslInitialResponse(first)).toEqual({
      mechanism: 'SCRAM-SHA-256',
      data: Buffer.from('n,,'),
    })
    expect(raw(frontend.encodeSaslResponse(Buffer.from('x'))).body).toEqual(Buffer.from('x'))
  })
})
