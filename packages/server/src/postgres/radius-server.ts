// As much of RADIUS (RFC 2865) as Postgres speaks when it lets another server judge a password (src/backend/libpq/auth.c,
// PerformRadiusTransaction): the one password of a cluster, the same for every role. Over loopback, for one cluster, while it runs.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'

const ACCESS_REQUEST = 1
const ACCESS_ACCEPT = 2
const ACCESS_REJECT = 3
const USER_PASSWORD = 2
const HEADER_BYTES = 20
const AUTHENTICATOR_AT = 4
const BLOCK_BYTES = 16

export interface RadiusServer extends Disposable {
  readonly port: number
  /** Between Postgres and this server; it hides the password on the way and signs the answer. */
  readonly sharedSecret: string
}

/** Accepts `password` and nothing else. Does not keep the process alive. */
export async function startRadiusServer(password: string): Promise<RadiusServer> {
  const sharedSecret = randomBytes(24).toString('base64url')
  const socket = createSocket('udp4')
  socket.on('message', (request, { port, address }) => {
    const answer = answerTo(request, password, sharedSecret)
    if (answer) socket.send(answer, port, address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  // An answer that cannot be sent is one that Postgres does not get: it refuses then.
  socket.on('error', () => undefined)
  socket.unref()
  return { port: socket.address().port, sharedSecret, [Symbol.dispose]: () => socket.close() }
}

/** The answer to one datagram; undefined for what is no request. */
export function answerTo(request: Buffer, password: string, sharedSecret: string): Buffer | undefined {
  if (request.length < HEADER_BYTES || request[0] !== ACCESS_REQUEST) return undefined
  const authenticator = request.subarray(AUTHENTICATOR_AT, HEADER_BYTES)
  const hidden = attribute(request, USER_PASSWORD)
  const given = hidden && revealed(hidden, authenticator, sharedSecret)
  const isRight = given !== undefined && isSame(given, password)
  const answer = Buffer.concat([
    Buffer.from([isRight ? ACCESS_ACCEPT : ACCESS_REJECT, request[1] ?? 0, 0, HEADER_BYTES]),
    authenticator,
  ])
  md5(answer, sharedSecret).copy(answer, AUTHENTICATOR_AT)
  return answer
}

function attribute(request: Buffer, type: number): Buffer | undefined {
  for (let at = HEADER_BYTES; at + 2 <= request.length;) {
    const length = request[at + 1] ?? 0
    if (length < 2 || at + length > request.length) return undefined
    if (request[at] === type) return request.subarray(at + 2, at + length)
    at += length
  }
  return undefined
}

/** RFC 2865 §5.2: each block is XORed with a digest of the secret and the block before. */
function revealed(hidden: Buffer, authenticator: Buffer, sharedSecret: string): Buffer | undefined {
  if (hidden.length === 0 || hidden.length % BLOCK_BYTES !== 0) return undefined
  const clear = Buffer.alloc(hidden.length)
  let before = authenticator
  for (let at = 0; at < hidden.length; at += BLOCK_BYTES) {
    const block = hidden.subarray(at, at + BLOCK_BYTES)
    const mask = md5(Buffer.from(sharedSecret), before)
    for (let index = 0; index < BLOCK_BYTES; index += 1) {
      clear[at + index] = (block[index] ?? 0) ^ (mask[index] ?? 0)
    }
    before = block
  }
  const end = clear.indexOf(0)
  return end === -1 ? clear : clear.subarray(0, end)
}

function isSame(given: Buffer, password: string): boolean {
  const wanted = Buffer.from(password)
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

function md5(first: Buffer, second: string | Buffer): Buffer {
  return createHash('md5').update(first).update(second).digest()
}
