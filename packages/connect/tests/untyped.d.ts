// Packages without types, as far as the tests use them.
declare module 'pg-copy-streams' {
  import type { Submittable } from 'pg'
  import type { Readable, Writable } from 'node:stream'
  export function from(text: string): Writable & Submittable
  export function to(text: string): Readable & Submittable
}

declare module 'pg-cursor' {
  import type { Submittable } from 'pg'
  class Cursor<Row> implements Submittable {
    constructor(text: string)
    submit(connection: import('pg').Connection): void
    read(rows: number): Promise<Row[]>
    close(): Promise<void>
  }
  export = Cursor
}

declare module 'pg-oldest' {
  export * from 'pg'
  export { default } from 'pg'
}
