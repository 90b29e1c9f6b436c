// What all connectors of a process have in common, also when this library is loaded twice (as ESM and as CommonJS, or
// from two copies): one token cache per kind of credential, one gate per host.
import type { TokenCache } from './credentials/token-cache.ts'
import { Gate } from './dial/gate.ts'

interface Shared {
  readonly caches: Map<string, { readonly cache: TokenCache; users: number }>
  readonly gates: Map<string, { readonly gate: Gate; users: number }>
}

const slot = Symbol.for('lakelet-connect.shared.1')

function shared(): Shared {
  const holder = globalThis as { [slot]?: Shared }
  holder[slot] ??= { caches: new Map(), gates: new Map() }
  return holder[slot]
}

/** Something shared, and what to call when it is no longer needed. */
export interface Lease<T> {
  readonly value: T
  release(): void
}

/** The token cache for this key; the last one to let go closes it. */
export function leaseCache(key: string, create: () => TokenCache): Lease<TokenCache> {
  const { caches } = shared()
  const entry = caches.get(key) ?? { cache: create(), users: 0 }
  caches.set(key, entry)
  entry.users++
  return {
    value: entry.cache,
    release: once(() => {
      if (--entry.users > 0) return
      caches.delete(key)
      entry.cache.close()
    }),
  }
}

/** The gate for this address. */
export function leaseGate(address: string): Lease<Gate> {
  const { gates } = shared()
  const entry = gates.get(address) ?? { gate: new Gate(), users: 0 }
  gates.set(address, entry)
  entry.users++
  return {
    value: entry.gate,
    release: once(() => {
      if (--entry.users === 0) gates.delete(address)
    }),
  }
}

function once(action: () => void): () => void {
  let isDone = false
  return () => {
    if (!isDone) action()
    isDone = true
  }
}
