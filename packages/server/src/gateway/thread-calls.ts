// Calls between two threads over a message port: each has an id, an answer or an error, and arguments that survive structuredClone.
import type { MessagePort, Worker } from 'node:worker_threads'
import { type ErrorData, errorData, errorFromData, isLakeletError } from '../base/errors.ts'

/** Functions that can be called from another thread. */
type Methods<T> = {
  readonly [K in keyof T]: T[K] extends (...args: infer A) => infer R ? (...args: A) => R : never
}

/** Errors of the catalogue arrive as what they were; of others the text, and the code that the system gave. */
type Failure = { readonly known: ErrorData } | { readonly text: string; readonly code: string | undefined }

type Message =
  | { readonly id: number | undefined; readonly method: string; readonly args: readonly unknown[] }
  | { readonly answers: number; readonly value: unknown }
  | { readonly answers: number; readonly failure: Failure }

/** The other thread has ended, so it answers nothing any more. */
export class ThreadEndedError extends Error {
  override readonly name = 'ThreadEndedError'
}

/** One end: answers with `local` and calls what the other end has. */
export class ThreadCalls<Remote> {
  readonly #port: Worker | MessagePort
  readonly #local: Readonly<Record<string, (...args: never[]) => unknown>>
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  #nextId = 1
  #closed: Error | undefined

  constructor(port: Worker | MessagePort, local: object) {
    this.#port = port
    this.#local = local as Readonly<Record<string, (...args: never[]) => unknown>>
    port.on('message', (message: Message) => this.#take(message))
  }

  /** Rejects with what the method throws, or when the other thread ends first. */
  async call<K extends keyof Methods<Remote> & string>(
    method: K,
    ...args: Parameters<Methods<Remote>[K]>
  ): Promise<Awaited<ReturnType<Methods<Remote>[K]>>> {
    if (this.#closed) throw this.#closed
    const id = this.#nextId++
    const answer = Promise.withResolvers<unknown>()
    this.#waiting.set(id, answer)
    this.#send({ id, method, args })
    return (await answer.promise) as Awaited<ReturnType<Methods<Remote>[K]>>
  }

  /** Calls without waiting: for methods that answer nothing. */
  post<K extends keyof Methods<Remote> & string>(method: K, ...args: Parameters<Methods<Remote>[K]>): void {
    this.#send({ id: undefined, method, args })
  }

  /** The other thread has ended: whoever waits for it is told, and nothing of it counts any more. */
  close(reason: Error): void {
    this.#closed = reason
    for (const { reject } of this.#waiting.values()) reject(reason)
    this.#waiting.clear()
  }

  #send(message: Message): void {
    if (this.#closed) return
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    this.#port.postMessage(message)
  }

  #take(message: Message): void {
    if (this.#closed) return
    if ('method' in message) {
      void this.#run(message)
      return
    }
    const waiting = this.#waiting.get(message.answers)
    this.#waiting.delete(message.answers)
    if ('failure' in message) waiting?.reject(errorOf(message.failure))
    else waiting?.resolve(message.value)
  }

  async #run({ id, method, args }: Extract<Message, { method: string }>): Promise<void> {
    const answer = await this.#answer(method, args)
    if (id !== undefined) this.#send({ answers: id, ...answer })
  }

  async #answer(
    method: string,
    args: readonly unknown[],
  ): Promise<{ value: unknown } | { failure: Failure }> {
    try {
      return { value: await this.#local[method]?.(...(args as never[])) }
    } catch (error) {
      return { failure: failureOf(error) }
    }
  }
}

function failureOf(error: unknown): Failure {
  if (isLakeletError(error)) return { known: errorData(error) }
  const { stack, message, code } = error as NodeJS.ErrnoException
  return { text: stack ?? message, code }
}

function errorOf(failure: Failure): Error {
  if ('known' in failure) return errorFromData(failure.known)
  return Object.assign(new Error(failure.text), failure.code === undefined ? {} : { code: failure.code })
}
