// `globalSetup: ['lakelet/vitest']`: the tests find a fresh branch in their environment.
import { startTestDatabase, useEnvironment } from './testing.ts'

/** Called by Vitest before its workers start, which inherit the environment; what it gives is called at the end. */
// oxlint-disable-next-line import/no-default-export -- the test runner looks for it
export default async function setup(): Promise<() => Promise<void>> {
  const database = await startTestDatabase()
  useEnvironment(database)
  return async () => {
    await database[Symbol.asyncDispose]()
  }
}
