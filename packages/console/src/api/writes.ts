// What this page asked the workspace to change lately, so that it can show how a command or a script would.
import { useSyncExternalStore } from 'react'
import type { LooseInput, RouteId } from './types.ts'

export interface Write {
  readonly id: RouteId
  readonly input: LooseInput
}

const MOST = 5
/** Fields whose values are nobody's to copy. */
const SECRET = /password|secret|token|content|(string|bytes)_value/i

let writes: readonly Write[] = []
const listeners = new Set<() => void>()

/** Notes a change, the values of secrets left out. */
export function noteWrite(id: RouteId, input: Write['input']): void {
  const body = input.body === undefined ? {} : { body: withoutSecrets(input.body) }
  writes = [{ id, input: { ...input, ...body } }, ...writes].slice(0, MOST)
  for (const listener of listeners) listener()
}

/** The newest first. */
export function useWrites(): readonly Write[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => writes,
  )
}

/** The body of a write without what is nobody's to copy. */
export function withoutSecrets(body: unknown): unknown {
  if (body instanceof Uint8Array || body instanceof Blob || typeof body === 'string') return '…'
  const shown = JSON.stringify(body, (key, value: unknown) =>
    SECRET.test(key) && typeof value === 'string' ? '…' : value,
  )
  return JSON.parse(shown) as unknown
}
