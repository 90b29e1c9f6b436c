// Every place where an operation on an app can be killed, from the kinds themselves, and what leads there.
import type { AppOperations } from '../../src/apps/app-operations.ts'
import { failpointsOf } from '../../src/operations/failpoints.ts'
import type { OperationKind } from '../../src/operations/operation-kind.ts'
import type { AppsApi } from './apps-api.ts'

/** All places of each kind. */
export function failpointsOfAll(kinds: AppOperations): string[][] {
  return (Object.values(kinds) as OperationKind<never>[]).map((kind) => failpointsOf(kind))
}

/** What makes the workspace kill itself there: what is undone must fail first, at its very end. */
export function failpointSpec(failpoint: string): string {
  const [kind = ''] = failpoint.split('.')
  return failpoint.endsWith('.undo') ? `${kind}.complete=error,${failpoint}` : failpoint
}

/** A server that answers with `text`. */
export function says(text: string): Readonly<Record<string, string>> {
  return {
    'app.yaml': `command: ['${process.execPath}', 'a.js']`,
    'a.js': `require('node:http').createServer((request, reply) => reply.end('${text}')).listen(process.env.PORT, '127.0.0.1')`,
  }
}

const POSTGRES = {
  branch: 'projects/my-app-db/branches/production',
  database: 'd',
  permission: 'CAN_CONNECT_AND_CREATE',
}
const RESOURCES = [{ name: 'postgres', postgres: POSTGRES }]
const APP = '/api/2.0/apps/killed'
const CREATE = '/api/2.0/apps?template=node-hello-world'

/** Leads to the failpoint. */
export async function act(api: AppsApi, failpoint: string): Promise<void> {
  const [kind = ''] = failpoint.split('.')
  if (kind === 'create_app' || kind === 'delete_app')
    await api.call('POST', CREATE, { name: 'killed', resources: RESOURCES })
  else await serveOne(api)
  if (kind === 'delete_app') await api.call('DELETE', APP)
  if (kind === 'update_app') await api.call('PATCH', APP, { description: 'changed', resources: RESOURCES })
  if (kind === 'deploy_app') await deploy(api, says('two'))
  if (kind === 'start_app' || kind === 'stop_app') await api.call('POST', `${APP}/stop`, {})
  if (kind === 'start_app') await api.call('POST', `${APP}/start`, {})
}

/** An app that answers `one`. Only what follows is to be killed. */
async function serveOne(api: AppsApi): Promise<void> {
  await api.withoutFailpoint(async () => {
    await api.call('POST', '/api/2.0/apps', { name: 'killed' })
    await deploy(api, says('one'))
  })
}

async function deploy(api: AppsApi, files: Readonly<Record<string, string>>): Promise<void> {
  await api.upload('/Shared/killed', files)
  await api.deploy('killed', { source_code_path: '/Shared/killed' })
}
