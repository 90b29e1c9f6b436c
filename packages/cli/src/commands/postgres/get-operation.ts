import { defineCommand } from '../../command/define-command.ts'
import { getOperation } from './operation.ts'

export const getOperationCommand = defineCommand({
  path: ['postgres', 'get-operation'],
  summary: 'Show a long-running operation',
  arguments: { name: { summary: 'its name, as a command with --no-wait prints it' } },
  examples: [
    {
      run: 'lakelet postgres get-operation projects/my-app-db/operations/01f0c1d2',
      does: 'shows whether it is done',
    },
  ],
  async handler({ workspace, out, signal }, { arguments: { name } }) {
    const { client } = await workspace()
    out.data(await getOperation(client, name, signal))
  },
})
