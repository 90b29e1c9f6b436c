// Tables whose owner is the service principal of an app that is gone: a renamed or newly made app has another one, and may not touch them.
import { scimRoutes } from '@lakelet/api'
import type { CommandContext } from '../command/context.ts'
import { readInventory } from '../export/inventory.ts'
import { DATABASE, loginTo } from '../postgres/connection.ts'
import { literal } from '../postgres/quote.ts'
import { openSqlSession } from '../postgres/sql-session.ts'
import { type Finding, note, ok, problem } from './finding.ts'

/** Looks into the branches that are awake; with `wakes` into all. */
export async function orphanFindings(context: CommandContext, wakes: boolean): Promise<Finding[]> {
  const { client } = await context.workspace()
  const { Resources: known } = await client.call(
    scimRoutes.listServicePrincipals,
    { query: { count: '10000' } },
    context.signal,
  )
  const ids = known.map(({ applicationId }) => literal(applicationId)).join(', ') || "''"
  const { projects } = await readInventory(client, [], context.signal)
  const findings: Finding[] = []
  let asleep = 0
  for (const { branch, endpoints } of projects.flatMap(({ branches }) => branches)) {
    const endpoint = endpoints.find(({ status }) => status.endpoint_type === 'ENDPOINT_TYPE_READ_WRITE')
    if (!endpoint || (endpoint.status.current_state !== 'ACTIVE' && !wakes)) {
      asleep += 1
      continue
    }
    await using session = await openSqlSession({
      login: await loginTo(context, endpoint),
      database: DATABASE,
      onNotice: () => {},
      signal: context.signal,
    })
    const [result] = await session.query(`SELECT r.rolname, count(*)
FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S') AND n.nspname !~ '^pg_' AND r.rolname ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
  AND r.rolname NOT IN (${ids}) GROUP BY 1`)
    for (const [role, count] of result ?? [])
      findings.push(
        problem(
          'orphans',
          `${count ?? ''} tables and sequences in ${branch.name} belong to ${role ?? ''}, a service principal that is gone`,
          'The app that made them was renamed or made anew: its new service principal is another role and may not change them.',
          `In ${branch.name}: GRANT "${role ?? ''}" TO CURRENT_USER; REASSIGN OWNED BY "${role ?? ''}" TO "<client id of the new app>"`,
        ),
      )
  }
  if (findings.length === 0)
    findings.push(ok('orphans', 'no table of an app that is gone, where it was looked'))
  if (asleep > 0)
    findings.push(
      note(
        'orphans',
        `${asleep} branches sleep and were not looked into`,
        'Who owns tables is known by SQL alone.',
        "'lakelet doctor --wake' wakes them.",
      ),
    )
  return findings
}
