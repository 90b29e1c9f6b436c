// Writes what the pages in docs/connect take from elsewhere: the programs of examples/connect-*, and the fault table.
// With --measure every fault is run and the page gets what came out.
import { readFile, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { scenarios } from './tests/faults/all-scenarios.ts'
import { startRunner } from './tests/faults/runner.ts'
import { startTestPostgres } from './tests/postgres.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const pages = path.join(root, 'docs/connect')
const faultPage = path.join(pages, 'what-happens-when.md')

/** The page with its programs as they are in examples/. */
export async function withPrograms(text: string): Promise<string> {
  let result = text
  for (const [block, file] of text.matchAll(/```ts file=(\S+)\n[^]*?```/g)) {
    const program = await readFile(path.join(root, file ?? ''), 'utf8')
    result = result.replace(block, () => `\`\`\`ts file=${file}\n${program}\`\`\``)
  }
  return result
}

/** Every page that shows a program. */
export async function programPages(): Promise<string[]> {
  const names = (await readdir(pages)).filter((name) => name.endsWith('.md'))
  const texts = await Promise.all(
    names.map(async (name) => [name, await readFile(path.join(pages, name), 'utf8')] as const),
  )
  return texts.filter(([, text]) => text.includes('```ts file=')).map(([name]) => path.join(pages, name))
}

/** The first columns of the table: they are the test's own words. */
export function faultRows(): string[] {
  return scenarios.map(({ id, fault, expected }) => `| ${id} | ${cell(fault)} | ${cell(expected)} |`)
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

async function measured(): Promise<string[]> {
  await using postgres = await startTestPostgres({ max_connections: '400' })
  await using runner = await startRunner(postgres.host)
  const outcomes: string[] = []
  for (const { id } of scenarios) {
    const run = await runner.run(id, 'ours')
    process.stderr.write(`${id} ${run.ok ? 'ok' : 'FAILED'} ${run.outcome}\n`)
    outcomes.push(run.ok ? run.outcome : `failed: ${run.outcome}`)
  }
  return outcomes
}

async function writeFaultPage(): Promise<void> {
  const outcomes = await measured()
  const rows = faultRows().map((row, index) => `${row} ${cell(outcomes[index] ?? '')} |`)
  const text = `# What happens when…

Each row is a test: \`npm test -- packages/connect/tests/faults\`. It runs in a process of its own against a real Postgres behind a
proxy and a control plane that do what they are told, and afterwards no socket, no backend and no timer is left and the
process ends by itself. The last column is what one run of \`packages/connect/docs.ts --measure\` measured, on two cores of a
shared machine with Node ${process.versions.node}.

| | when | then | measured |
|---|---|---|---|
${rows.join('\n')}

How others fare in the same tests: \`npm run bench -- connector\`.
`
  await writeFile(faultPage, text)
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const page of await programPages())
    await writeFile(page, await withPrograms(await readFile(page, 'utf8')))
  if (process.argv.includes('--measure')) await writeFaultPage()
}
