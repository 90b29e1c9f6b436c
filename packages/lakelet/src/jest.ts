// `globalSetup: 'lakelet/jest'` with `globalTeardown: 'lakelet/jest-teardown'`: the tests find a fresh branch in their environment.
import { type TestDatabase, startTestDatabase, useEnvironment } from './testing.ts'

/** Where the teardown, which Jest runs in the same process, finds what was started. */
export const DATABASE: unique symbol = Symbol.for('lakelet.jest.database') as typeof DATABASE

/** Called by Jest before its workers start, which inherit the environment. */
// oxlint-disable-next-line import/no-default-export -- the test runner looks for it
export default async function setup(): Promise<void> {
  const database = await startTestDatabase()
  useEnvironment(database)
  Object.assign(globalThis, { [DATABASE]: database satisfies TestDatabase })
}
