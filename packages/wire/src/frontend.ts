// Messages a client sends. Postgres documentation 53.7 "Message Formats".
import { BodyReader, cstring, frame, int16, int32 } from './bytes.ts'
import type { RawMessage } from './framer.ts'

export type FrontendMessage =
  | { readonly type: 'query'; readonly text: string }
  | {
      readonly type: 'parse'
      readonly statement: string
      readonly text: string
      readonly parameterTypes: readonly number[]
    }
  | { readonly type: 'bind'; readonly portal: string; readonly statement: string }
  | { readonly type: 'describe'; readonly of: 'statement' | 'portal'; readonly name: string }
  | { readonly type: 'execute'; readonly portal: string; readonly maxRows: number }
  | { readonly type: 'close'; readonly of: 'statement' | 'portal'; readonly name: string }
  | { readonly type: 'sync' }
  | { readonly type: 'flush' }
  | { readonly type: 'terminate' }
  | { readonly type: 'passwordOrSasl'; readonly body: Buffer }
  | { readonly type: 'copyData'; readonly data: Buffer }
  | { readonly type: 'copyDone' }
  | { readonly type: 'copyFail'; readonly reason: string }
  | { readonly type: 'functionCall' }
  | { readonly type: 'other'; readonly code: number }

/** Reads a message of a client. What a `p` message means depends on the authentication request it answers. */
export function decodeFrontendMessage({ type, body }: RawMessage): FrontendMessage {
  const reader = new BodyReader(body)
  switch (String.fromCharCode(type)) {
    case 'Q':
      return { type: 'query', text: reader.cstring() }
    case 'P':
      return decodeParse(reader)
    case 'B':
      return { type: 'bind', portal: reader.cstring(), statement: reader.cstring() }
    case 'D':
      return { type: 'describe', ...readTarget(reader) }
    case 'E':
      return { type: 'execute', portal: reader.cstring(), maxRows: reader.int32() }
    case 'C':
      return { type: 'close', ...readTarget(reader) }
    case 'S':
      return { type: 'sync' }
    case 'H':
      return { type: 'flush' }
    case 'X':
      return { type: 'terminate' }
    case 'p':
      return { type: 'passwordOrSasl', body: reader.rest() }
    case 'd':
      return { type: 'copyData', data: reader.rest() }
    case 'c':
      return { type: 'copyDone' }
    case 'f':
      return { type: 'copyFail', reason: reader.cstring() }
    case 'F':
      return { type: 'functionCall' }
    default:
      return { type: 'other', code: type }
  }
}

function decodeParse(reader: BodyReader): FrontendMessage {
  const statement = reader.cstring()
  const text = reader.cstring()
  return {
    type: 'parse',
    statement,
    text,
    parameterTypes: Array.from({ length: reader.uint16() }, () => reader.uint32()),
  }
}

function readTarget(reader: BodyReader): { of: 'statement' | 'portal'; name: string } {
  return { of: reader.uint8() === 0x53 ? 'statement' : 'portal', name: reader.cstring() }
}

/** The password of a PasswordMessage; trailing bytes behind its terminator are a protocol violation. */
export function decodePassword(body: Buffer): Buffer {
  const reader = new BodyReader(body)
  const password = reader.cstringBytes()
  reader.end()
  return password
}

/** SASLInitialResponse: the mechanism chosen and the first client message, null when the client sent none. */
export function decodeSaslInitialResponse(body: Buffer): {
  readonly mechanism: string
  readonly data: Buffer | null
} {
  const reader = new BodyReader(body)
  const mechanism = reader.cstring()
  const data = reader.sized()
  reader.end()
  return { mechanism, data }
}

export function encodePassword(password: string | Uint8Array): Buffer {
  return frame('p', cstring(password))
}

export function encodeSaslInitialResponse(mechanism: string, data: Uint8Array): Buffer {
  return frame('p', cstring(mechanism), int32(data.length), data)
}

export function encodeSaslResponse(data: Uint8Array): Buffer {
  return frame('p', data)
}

/** Simple query. */
export function encodeQuery(text: string): Buffer {
  return frame('Q', cstring(text))
}

/** Parse; parameter types left out are inferred by the server. */
export function encodeParse(statement: string, text: string, parameterTypes: readonly number[] = []): Buffer {
  return frame(
    'P',
    cstring(statement),
    cstring(text),
    int16(parameterTypes.length),
    ...parameterTypes.map(int32),
  )
}

/** Bind with values in text format, results in text format. */
export function encodeBind(
  portal: string,
  statement: string,
  values: readonly (string | Uint8Array | null)[] = [],
): Buffer {
  const parts = values.flatMap((value) => {
    if (value === null) return [int32(-1)]
    const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value
    return [int32(bytes.length), bytes]
  })
  return frame('B', cstring(portal), cstring(statement), int16(0), int16(values.length), ...parts, int16(0))
}

export function encodeDescribe(of: 'statement' | 'portal', name: string): Buffer {
  return frame('D', Buffer.from(of === 'statement' ? 'S' : 'P'), cstring(name))
}

/** Execute; `maxRows` 0 means all. */
export function encodeExecute(portal: string, maxRows = 0): Buffer {
  return frame('E', cstring(portal), int32(maxRows))
}

export function encodeClose(of: 'statement' | 'portal', name: string): Buffer {
  return frame('C', Buffer.from(of === 'statement' ? 'S' : 'P'), cstring(name))
}

export function encodeSync(): Buffer {
  return frame('S')
}

export function encodeFlush(): Buffer {
  return frame('H')
}

export function encodeTerminate(): Buffer {
  return frame('X')
}

export function encodeCopyData(data: Uint8Array): Buffer {
  return frame('d', data)
}

export function encodeCopyDone(): Buffer {
  return frame('c')
}

export function encodeCopyFail(reason: string): Buffer {
  return frame('f', cstring(reason))
}
