// `npm run bench -- NAME [--sizes GB,GB] [--json FILE]`: runs one benchmark with its peers and prints a table of ratios.
import { writeFile } from 'node:fs/promises'
import { cpus, release } from 'node:os'
import { parseArgs } from 'node:util'
import { api } from './api.ts'
import { apps } from './apps.ts'
import { boot } from './boot.ts'
import { branch } from './branch.ts'
import { connector } from './connector.ts'
import { consoleInBrowser } from './console.ts'
import { dataApi } from './data-api.ts'
import { fixtures } from './fixtures.ts'
import { gateway } from './gateway.ts'
import { type BenchmarkOptions, type BenchmarkResult, table } from './measure.ts'
import { restore } from './restore.ts'
import { start } from './start.ts'
import { wake } from './wake.ts'

const benchmarks: Readonly<Record<string, (options: BenchmarkOptions) => Promise<BenchmarkResult>>> = {
  api,
  apps,
  boot,
  branch,
  fixtures,
  start,
  wake,
  restore,
  connector,
  'data-api': dataApi,
  gateway,
  console: consoleInBrowser,
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'string' }, sizes: { type: 'string', default: '0.04,1' } },
})
const [name = ''] = positionals
const benchmark = benchmarks[name]
const sizes = values.sizes.split(',').map(Number)
if (!sizes.every((size) => size >= 0.04)) {
  console.error(`--sizes are gigabytes of a branch, such as 0.04,1,5 (a new one has 0.04): ${values.sizes}`)
  process.exitCode = 2
} else if (benchmark) {
  const result = await benchmark({ sizes })
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
