// The last line of a test run: `N passed, N failed, N skipped`, and the reason of every skipped test above it.
import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node'

export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const cases = modules.flatMap((module) => [...module.children.allTests()])
    const count = (state: string) => cases.filter((test) => test.result().state === state).length
    // A file that does not load and a hook that fails are failures too, though no test of theirs is.
    const broken = modules
      .flatMap((module) => [module, ...module.children.allSuites()])
      .filter(hasErrors).length
    for (const test of cases.filter((each) => each.result().state === 'skipped')) {
      console.log(`skipped: ${test.fullName}${reason(test)}`)
    }
    const failed = count('failed') + broken + unhandled.length
    console.log(`${count('passed')} passed, ${failed} failed, ${count('skipped')} skipped`)
  }
}

function hasErrors(part: TestModule | TestSuite): boolean {
  return part.errors().length > 0
}

function reason(test: TestCase): string {
  const result = test.result()
  return result.state === 'skipped' && result.note ? ` (${result.note})` : ' (no reason given)'
}
