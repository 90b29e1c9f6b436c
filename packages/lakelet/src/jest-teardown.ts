import { DATABASE } from './jest.ts'
import type { TestDatabase } from './testing.ts'

/** Called by Jest at the end. */
// oxlint-disable-next-line import/no-default-export -- the test runner looks for it
export default async function teardown(): Promise<void> {
  const { [DATABASE]: database } = globalThis as { [DATABASE]?: TestDatabase }
  await database?.[Symbol.asyncDispose]()
}
