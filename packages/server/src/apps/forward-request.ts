// One request on its way to an app and the answer on its way back, as streams. Each goes over a connection of its own, so that nothing
// an app or a visitor writes beyond its message can be taken for part of another.
import {
  type ClientRequest,
  type IncomingMessage,
  request as requestOf,
  type ServerResponse,
} from 'node:http'
import { LakeletError } from '../base/errors.ts'
import { MOST_HEADER_BYTES } from '../base/http-connections.ts'
import { connectToApp } from './app-connection.ts'
import { headersToApp, headersToVisitor, type Visit } from './forwarded-headers.ts'
import { type Framing, framingHeaders, framingOf, hasBody, targetOf } from './framing.ts'
import type { ListeningSocket } from './process-table.ts'

/** Interim answers (1xx) that an app may send before its answer; none is passed on. */
const MOST_INTERIM_ANSWERS = 32

/** What is sent to the app of a request: all of its head but what belongs to the connection. */
export interface RequestPlan {
  readonly method: string | undefined
  readonly path: string
  readonly headers: readonly string[]
  readonly framing: Framing
}

export interface AnswerLimits {
  /** The app's name, for errors. */
  readonly name: string
  /** How long an app may take until its answer begins. */
  readonly answerMs: number
}

/** Reads a request for forwarding; LakeletError `malformed_request` for one whose parts are ambiguous. */
export function planOf(request: IncomingMessage, visit: Visit): RequestPlan {
  return {
    method: request.method,
    path: targetOf(request),
    framing: framingOf(request),
    headers: headersToApp(request.rawHeaders, visit),
  }
}

/** Forwards and answers; LakeletError `app_no_answer` or `app_broken_answer` while nothing of the answer was sent. */
export async function forwardRequest(
  options: AnswerLimits & {
    readonly request: IncomingMessage
    readonly reply: ServerResponse
    readonly plan: RequestPlan
    readonly upstream: ListeningSocket
  },
): Promise<void> {
  const { request, reply, plan } = options
  const toApp = openRequest(options.upstream, plan, framingHeaders(plan.framing, plan.method))
  reply.once('close', () => {
    toApp.destroy()
    // What is left of a body that the app did not want must not stand before the visitor's next request.
    request.unpipe(toApp)
    request.resume()
  })
  const answer = answerOf(toApp, options)
  request.on('error', () => toApp.destroy())
  if (hasBody(plan.framing)) request.pipe(toApp)
  else toApp.end()
  const response = await answer
  begin(reply, response, options)
  passOn(response, reply)
}

/** The body of an answer; one that breaks off breaks off for the visitor too. */
function passOn(response: IncomingMessage, reply: ServerResponse): void {
  // 'close' says that it broke off.
  response.on('error', () => undefined)
  response.once('close', () => {
    if (!response.complete) reply.destroy()
  })
  response.pipe(reply)
}

/** Opens the request to the app with `own` headers of the connection. */
export function openRequest(
  upstream: ListeningSocket,
  { method, path, headers }: RequestPlan,
  own: readonly string[],
): ClientRequest {
  // A flat list keeps order, case and repeated names; Node's types know it for replies only.
  const flat = [...headers, ...own] as unknown as Record<string, string>
  return requestOf({
    createConnection: () => connectToApp(upstream),
    method,
    path,
    headers: flat,
    setHost: false,
    maxHeaderSize: MOST_HEADER_BYTES,
  })
}

/**
 * The app's answer once its head is there. LakeletError `app_no_answer` when the time is over, `app_broken_answer` when it breaks off,
 * is no HTTP, or changes the protocol unasked, `app_answer_headers_too_large`. With `maySwitch` a switch of protocols resolves with undefined.
 */
export function answerOf(
  toApp: ClientRequest,
  { name, answerMs }: AnswerLimits,
  maySwitch: true,
): Promise<IncomingMessage | undefined>
export function answerOf(toApp: ClientRequest, limits: AnswerLimits): Promise<IncomingMessage>
export function answerOf(
  toApp: ClientRequest,
  { name, answerMs }: AnswerLimits,
  maySwitch = false,
): Promise<IncomingMessage | undefined> {
  return new Promise((resolve, reject) => {
    const fail = (error: LakeletError) => {
      clearTimeout(timer)
      reject(error)
      toApp.destroy()
    }
    const broken = (cause?: unknown) => {
      fail(brokenAnswer(name, cause))
    }
    const timer = setTimeout(() => {
      fail(new LakeletError('app_no_answer', { name, seconds: Math.round(answerMs / 1000) }))
    }, answerMs)
    let interim = 0
    let isAnswered = false
    const answer = (response: IncomingMessage | undefined) => {
      isAnswered = true
      clearTimeout(timer)
      resolve(response)
    }
    toApp.on('information', ({ statusCode }) => {
      interim += 1
      if (statusCode === 101 || interim > MOST_INTERIM_ANSWERS) broken(new Error(`unasked ${statusCode}`))
    })
    toApp.once('upgrade', (_response, socket) => {
      if (maySwitch) {
        answer(undefined)
        return
      }
      socket.destroy()
      broken(new Error('the app switched protocols unasked'))
    })
    toApp.once('response', (response) => {
      // A 101 that names no protocol comes here.
      if ((response.statusCode ?? 0) < 200) {
        broken(new Error(`unasked ${response.statusCode}`))
        return
      }
      answer(response)
    })
    toApp.on('error', broken)
    toApp.once('close', () => {
      clearTimeout(timer)
      // Destroyed without an error, as by a visitor who left: nobody reads the rejection then.
      if (!isAnswered) reject(new LakeletError('app_broken_answer', { name }))
    })
  })
}

function brokenAnswer(name: string, cause: unknown): LakeletError {
  const isTooLarge = cause instanceof Error && 'code' in cause && cause.code === 'HPE_HEADER_OVERFLOW'
  return isTooLarge
    ? new LakeletError('app_answer_headers_too_large', { name, limit: MOST_HEADER_BYTES / 1024 }, { cause })
    : new LakeletError('app_broken_answer', { name }, { cause })
}

/** Sends the head of the answer; LakeletError `app_broken_answer` for one that HTTP cannot carry on. */
function begin(
  reply: ServerResponse,
  response: IncomingMessage,
  { request, name }: { readonly request: IncomingMessage; readonly name: string },
): void {
  // A visitor who is still sending is told that nobody needs the rest.
  const ending = request.complete ? [] : ['Connection', 'close']
  try {
    const headers = [...headersToVisitor(response.rawHeaders), ...ending]
    reply.writeHead(response.statusCode ?? 502, response.statusMessage, headers)
  } catch (error) {
    throw new LakeletError('app_broken_answer', { name }, { cause: error })
  }
  // The first bytes of an event stream may be minutes away, and its headers must not wait for them; those of a short answer are
  // there already, and go along in one write.
  setImmediate(() => {
    if (!reply.writableEnded && !reply.destroyed) reply.flushHeaders()
  })
}
