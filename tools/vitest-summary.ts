// The last line of a test run: `N passed, N failed, N skipped`, and the reason of every skipped test above it.
import type { Reporter, TestModule, TestCase } from 'vitest/node'

export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const cases = modules.flatMap((module) => [...module.children.allTests()])
    const count = (state: string) => cases.filter((test) => test.result().state === state).length
    const brokenModules = modules.filter(
      (module) => module.state() === 'failed' && module.errors().length > 0,
    ).length
    for (const test of cases.filter((each) => each.result().state === 'skipped')) {
      console.log(`skipped: ${test.fullName}${reason(test)}`)
    }
    const failed = count('failed') + brokenModules + unhandled.length
    console.log(`${count('passed')} passed, ${failed} failed, ${count('skipped')} skipped`)
  }
}

function reason(test: TestCase): string {
  const result = test.result()
  return result.state === 'skipped' && result.note ? ` (${result.note})` : ' (no reason given)'
}
