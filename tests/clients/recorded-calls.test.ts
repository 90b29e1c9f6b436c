// Sends the calls of the table in its order and compares the answers; and keeps docs/parity.md, which is made from the table.
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestWorkspace, type TestWorkspace } from '../system/workspace.ts'
import type { RecordedCall, Witness } from './recorded-call.ts'
import { recordedCalls } from './recorded-calls.ts'
import { createProject, finished } from './workspace-objects.ts'

let workspace: TestWorkspace

beforeAll(async () => {
  workspace = await startTestWorkspace()
  await createProject(workspace, 'recorded')
})
afterAll(() => workspace?.[Symbol.asyncDispose]())

it.each(recordedCalls.map((row) => [row.call, row] as const))('%s', async (_, row) => {
  const [method = '', address = ''] = row.call.split(' ')
  const reply = await fetch(`${workspace.host}${address}`, {
    method,
    headers: { authorization: `Bearer ${workspace.token}`, 'content-type': 'application/json' },
    ...(row.body ? { body: JSON.stringify(row.body) } : {}),
  })
  const answer = (await reply.json()) as object
  expect({ status: reply.status, answer }).toMatchObject({
    status: row.status,
    answer: matchable(row.reply ?? {}),
  })
  for (const field of row.absent ?? []) expect(answer).not.toHaveProperty(field)
  if ('done' in answer) await finished(workspace, answer as { name: string; done: boolean })
})

const textLike = (pattern: RegExp): unknown => expect.stringMatching(pattern)

/** Regular expressions in a recorded reply stand for texts that match them. */
function matchable(value: unknown): unknown {
  if (value instanceof RegExp) return textLike(value)
  if (Array.isArray(value)) return value.map(matchable)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, matchable(each)]))
}

it('docs/parity.md is made from the table (UPDATE_DOCS=1 writes it)', async () => {
  const file = path.resolve(import.meta.dirname, '../../docs/parity.md')
  const wanted = parityPage()
  if (process.env['UPDATE_DOCS']) await writeFile(file, wanted)
  expect(await readFile(file, 'utf8')).toBe(wanted)
})

const WITNESSES: Readonly<Record<Witness, string>> = {
  cloud: 'recorded in the cloud',
  testserver: "the official CLI's test server",
  client: 'what clients need',
  lakelet: 'differs on purpose',
}

function parityPage(): string {
  const areas = Map.groupBy(recordedCalls, ({ area }) => area)
  const sections = [...areas].map(([area, rows]) => `## ${area}\n\n${tableOf(rows)}`)
  return `# Parity with the real service

Made from \`tests/clients/recorded-calls.ts\`: each row is a call that the tests send and whose answer they compare. What the real service answers and
who saw it stands in the last column. What is not listed here is not known to be the same.

${OFFICIAL_TESTS}

${sections.join('\n\n')}
`
}

/** Run by hand, since they need the tool's sources and a Go compiler; a workspace's own tests replay the calls instead. */
const OFFICIAL_TESTS = `## The official tool's own tests

The acceptance tests of the official CLI 1.12.1 that are also recorded in the cloud, with its binary and the direct engine of bundles, against a workspace (run by hand
on 2026-11-26; its examples ask for Postgres 16, which was written as 17):

| tests | passed | what the others need |
| --- | --- | --- |
| bundle/resources/postgres_projects | 6 of 6 | |
| bundle/resources/postgres_branches | 7 of 7 | |
| bundle/resources/postgres_databases | 6 of 6 | |
| bundle/resources/postgres_roles | 5 of 5 | |
| bundle/resources/postgres_endpoints | 2 of 5 | read replicas, which came after that run: its calls are replayed below |
| bundle/resources/secret_scopes | 4 of 4 | |
| bundle/resources/apps | 5 of 5 | |
| bundle/deployment/bind/secret-scope, bundle/deploy/empty-bundle, …/snapshot-comparison | 3 of 3 | |
| selftest/record_cloud/basic, …/workspace-file-io | 2 of 2 | |

With it, by hand: \`workspace import-dir\`, \`export-dir\`, \`sync\`, the commands of \`postgres\` (but of what is absent) and of \`secrets\`, \`psql\`, \`experimental postgres query\`,
\`bundle deploy\` with changes, without, and \`destroy\`; what \`lakelet export\` prints, deployed into another workspace, which then exports the same. databricks-sdk 0.162, 0.81 and 0.33 for Python are run by the tests of this repository.`

function tableOf(rows: readonly RecordedCall[]): string {
  const lines = rows.map(({ call, status, witness, note }) => {
    return `| \`${call}\` | ${status} | ${note ?? ''} | ${WITNESSES[witness]} |`
  })
  return ['| call | answer | about | witness |', '| --- | --- | --- | --- |', ...lines].join('\n')
}
