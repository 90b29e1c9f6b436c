// Packages without types, as far as the tests use them.
declare module 'pg-copy-streams' {
  import type { Submittable } from 'pg'
  import type { Readable, Writable } from 'node:stream'
  export function from(text: string): Writable & Submittable
  export function to(text: string): Readable & Submittable
}

declare module 'pg-oldest' {
  export * from 'pg'
  export { default } from 'pg'
}
