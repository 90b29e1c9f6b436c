// Files too large to hold in memory, to and from the workspace, with how far they are.
import { errorOf, notReached, requestOf, send } from './call.ts'
import { noteReach } from './reach.ts'
import type { Input, LooseInput, Result, RouteId } from './types.ts'
import { noteWrite } from './writes.ts'

/** What is received is handed to the browser in parts of this size, which keeps them on disk. */
const PART_BYTES = 16 * 1024 ** 2

/** That the bytes of a reply ended before their end. */
export class CutShort extends Error {
  override readonly name = 'CutShort'
}

/**
 * Reads a route that replies a file. Resolves when all of it is here; `onBytes` is told how much is. Throws ApiError for an error
 * reply, and CutShort.
 */
export async function receive<I extends RouteId>(
  id: I,
  input: Input<I>,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<Blob> {
  const reply = await send(id, input as LooseInput, signal)
  const type = reply.headers.get('content-type') ?? ''
  const whole: Blob[] = []
  let part: BlobPart[] = []
  let [inPart, bytes] = [0, 0]
  for await (const chunk of chunksOf(reply, signal)) {
    part.push(chunk)
    inPart += chunk.length
    onBytes((bytes += chunk.length))
    if (inPart < PART_BYTES) continue
    whole.push(new Blob(part))
    part = []
    inPart = 0
  }
  return new Blob([...whole, ...part], { type })
}

/** Not every browser can iterate over a body. */
async function* chunksOf({ body }: Response, signal: AbortSignal) {
  const reader = body?.getReader()
  for (;;) {
    const next = await reader?.read().catch((error: unknown) => {
      throw signal.aborted ? error : new CutShort(String(error))
    })
    if (!next || next.done) return
    yield next.value
  }
}

/** Sends a file to a route whose body is one. `fetch` does not say how much has gone, this does. Throws ApiError. */
export function upload<I extends RouteId>(
  id: I,
  input: Omit<Input<I>, 'body'>,
  { file, signal, onBytes }: { file: File; signal: AbortSignal; onBytes: (bytes: number) => void },
): Promise<Result<I>> {
  const { method, url } = requestOf(id, input as LooseInput)
  noteWrite(id, { ...(input as LooseInput), body: file })
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    const leave = () => request.abort()
    signal.addEventListener('abort', leave, { once: true })
    request.upload.addEventListener('progress', ({ loaded }) => onBytes(loaded))
    request.addEventListener('loadend', () => {
      signal.removeEventListener('abort', leave)
      const { status, statusText, responseText: text } = request
      noteReach(status !== 0 && status !== 503)
      if (status >= 200 && status < 300) return resolve(JSON.parse(text) as Result<I>)
      if (signal.aborted) return reject(signal.reason)
      if (status === 0) return reject(notReached(`${method} ${url}`, 'the connection ended'))
      const known = request.getResponseHeader('lakelet-error')
      void errorOf({ status, statusText, known, text }, `${method} ${url}`).then(reject, reject)
    })
    request.open(method, url)
    request.setRequestHeader('content-type', 'application/zstd')
    request.send(file)
  })
}
