// The last line of a test run: `N passed, N failed, N skipped`. Above it the reason of every skipped test and, after a whole run, the
// routes that no test called; each of those is a failure.
import { writeFileSync } from 'node:fs'
import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node'
import { readAnswers, uncalledRoutes } from './endpoint-coverage.ts'

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
    reportFailedFiles(modules, unhandled.length)
    const uncalled = reportUncalled()
    const failed = count('failed') + broken + unhandled.length + uncalled
    console.log(`${count('passed')} passed, ${failed} failed, ${count('skipped')} skipped`)
  }
}

/** Tells `tools/ci.ts` which files failed, unless something failed that belongs to no file. */
function reportFailedFiles(modules: readonly TestModule[], ofNoFile: number): void {
  const file = process.env['TEST_FAILED_FILES']
  if (!file || ofNoFile > 0) return
  const failed = modules.filter((module) => module.state() === 'failed').map(({ moduleId }) => moduleId)
  writeFileSync(file, JSON.stringify(failed))
}

/** Prints the routes that no test of a whole run called, and gives their number. */
function reportUncalled(): number {
  const { TEST_CALLS_DIR: directory, TEST_CALLS_MUST_BE_COMPLETE: isWhole } = process.env
  if (!directory) return 0
  const routes = uncalledRoutes(readAnswers(directory))
  if (!isWhole) {
    if (process.env['SHOW_UNCALLED']) console.log(`not called:\n  ${routes.join('\n  ')}`)
    return 0
  }
  for (const route of routes) console.log(`no test calls ${route} to its success`)
  if (routes.length > 0) process.exitCode = 1
  return routes.length
}

function hasErrors(part: TestModule | TestSuite): boolean {
  return part.errors().length > 0
}

function reason(test: TestCase): string {
  const result = test.result()
  if (result.state === 'skipped' && result.note) return ` (${result.note})`
  return REASON_IN_NAME.test(test.fullName) ? '' : ' (no reason given)'
}

const REASON_IN_NAME = /takes? npm run soak|\((needs|skipped without|no|without) [^)]*\)/
