// Named checks that run in the order of their declaration; what came of each is one line of JSON on standard output.
import assert from 'node:assert/strict'

const declared = []

export function check(name, run) {
  declared.push({ name, run })
}

/** The error that `work` throws. */
export async function errorOf(work) {
  try {
    await work()
  } catch (error) {
    return error
  }
  assert.fail('an error was expected')
}

export async function runAll() {
  for (const { name, run } of declared) {
    let detail = ''
    try {
      await run()
    } catch (error) {
      detail = error?.stack ?? String(error)
    }
    const outcome = detail === '' ? 'passed' : 'failed'
    process.stdout.write(`${JSON.stringify({ name, outcome, detail })}\n`)
  }
}
