// `npm run bench -- NAME [--json FILE]`: runs one benchmark with its peers and prints a table of ratios.
import { writeFile } from 'node:fs/promises'
import { cpus, release } from 'node:os'
import { parseArgs } from 'node:util'
import { api } from './api.ts'
import { boot } from './boot.ts'
import { branch } from './branch.ts'
import { connector } from './connector.ts'
import { consoleInBrowser } from './console.ts'
import { fixtures } from './fixtures.ts'
import { type BenchmarkResult, table } from './measure.ts'
import { gateway } from './gateway.ts'
import { restore } from './restore.ts'
import { start } from './start.ts'
import { wake } from './wake.ts'

const benchmarks: Readonly<Record<string, () => Promise<BenchmarkResult>>> = {
  api,
  boot,
  branch,
  fixtures,
  start,
  wake,
  restore,
  connector,
  gateway,
  console: consoleInBrowser,
}

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'string' } } })
const [name = ''] = positionals
const benchmark = benchmarks[name]
if (benchmark) {
  const result = await benchmark()
  console.log(table(result.rows))
  for (const { text, isMet } of result.goals) console.log(`${isMet ? 'met' : 'NOT MET'}: ${text}`)
  const machine = { cpus: cpus().length, model: cpus()[0]?.model, kernel: release(), node: process.version }
  if (values.json !== undefined) {
    const report = { benchmark: name, at: new Date().toISOString(), machine, ...result }
    await writeFile(values.json, `${JSON.stringify(report, null, 2)}\n`)
  }
} else {
  console.error(`Name a benchmark: ${Object.keys(benchmarks).join(', ')}`)
  process.exitCode = 2
}
