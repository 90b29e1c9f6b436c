import { branchControlRoutes } from '@lakelet/api'
import { defineCommand } from '../../command/define-command.ts'
import { parseDuration } from '../../command/durations.ts'
import { withProgress } from '../../command/progress.ts'
import { waitForOperation } from '../postgres/operation.ts'
import { findBranch } from '../../postgres/endpoint-target.ts'
import { branchArgument, namedBranch, projectOption } from './branch-target.ts'

export const branchReset = defineCommand({
  path: ['branch', 'reset'],
  summary: 'Give a branch the data that its parent has now',
  description:
    'Everything in the branch is replaced by what is in its parent, roles and databases too. Its endpoint, host name and ids stay; open sessions end. Refused for a branch that is protected, or that others were made from.',
  arguments: { branch: branchArgument },
  options: {
    project: projectOption,
    timeout: {
      value: 'DURATION',
      summary: 'how long to wait for the end',
      default: '20m',
      parse: parseDuration,
    },
  },
  examples: [
    {
      run: 'lakelet branch reset dev --project my-app-db',
      does: 'begins again from what production has now',
    },
  ],
  async handler(context, { arguments: { branch }, options }) {
    const { workspace, out, signal, terminal } = context
    const { client } = await workspace()
    const params = await findBranch(context, namedBranch(branch, options.project))
    const reply = await withProgress(terminal, `Resetting ${params.branch}`, async (progress) => {
      const started = await client.call(branchControlRoutes.resetBranch, { params, body: {} }, signal)
      return waitForOperation(client, started, {
        timeoutMs: options.timeout,
        signal,
        onProgress: (message) => progress.say(message),
      })
    })
    out.data(reply, { lines: [`Reset ${params.branch} from its parent.`] })
  },
})
