import { restoreRoutes } from '@lakelet/api'
import { megabytes } from '../../command/bytes.ts'
import { defineCommand } from '../../command/define-command.ts'
import { findBranch } from '../../postgres/endpoint-target.ts'
import { branchOrDefault, namedBranch, projectOption } from './branch-target.ts'

export const branchHistory = defineCommand({
  path: ['branch', 'history'],
  summary: 'Show which moments of the past of a branch can be restored',
  arguments: { branch: branchOrDefault },
  options: { project: projectOption },
  examples: [{ run: 'lakelet branch history production', does: 'shows how far back it goes' }],
  async handler(context, { arguments: { branch }, options: { project } }) {
    const { workspace, out, signal } = context
    const { client } = await workspace()
    const params = await findBranch(context, namedBranch(branch, project))
    const history = await client.call(restoreRoutes.getHistory, { params }, signal)
    const { earliest_restore_time: from, archive_problem: problem } = history
    out.data(history, {
      lines: [
        from === undefined
          ? 'The history has not begun yet; it does within a minute.'
          : `from ${from}  (log ${history.earliest_restore_lsn})`,
        `to   ${history.latest_restore_time}  (log ${history.latest_restore_lsn})`,
        `kept for ${history.history_retention_duration}; takes ${megabytes(history.archive_bytes + history.base_bytes)} MB`,
        ...history.open_moments.map((each) => {
          const at = each.lsn ?? each.time ?? ''
          return `open ${at}  (${each.session_count} sessions read it since ${each.open_time})`
        }),
        ...(problem
          ? [
              `The log is not archived since ${problem.since}: ${problem.message}. Nothing is lost; Postgres keeps it meanwhile.`,
            ]
          : []),
      ],
    })
  },
})
