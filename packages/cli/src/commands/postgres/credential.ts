import { defineCommand } from '../../command/define-command.ts'
import { databaseCredential } from '../../postgres/credential.ts'

export const generateDatabaseCredential = defineCommand({
  path: ['postgres', 'generate-database-credential'],
  summary: 'Print a token that is your Postgres password for a while',
  arguments: {
    endpoint: { summary: 'full name: projects/<project>/branches/<branch>/endpoints/<endpoint>' },
  },
  options: {
    ttl: { value: 'DURATION', summary: 'how long it lives, such as 300s' },
    expireTime: { value: 'TIME', summary: 'when it ends, in RFC 3339' },
  },
  examples: [
    {
      run: 'lakelet postgres generate-database-credential projects/my-app-db/branches/production/endpoints/primary --field token',
      does: 'prints a password for an hour',
    },
    {
      run: 'lakelet postgres generate-database-credential projects/my-app-db/branches/production/endpoints/primary --ttl 600s',
      does: 'prints one for ten minutes, with its end',
    },
  ],
  async handler({ workspace, out, signal }, { arguments: { endpoint }, options: { ttl, expireTime } }) {
    const { client } = await workspace()
    const life = {
      ...(ttl === undefined ? {} : { ttl }),
      ...(expireTime === undefined ? {} : { expire_time: expireTime }),
    }
    out.data(await databaseCredential(client, endpoint, signal, life))
  },
})
