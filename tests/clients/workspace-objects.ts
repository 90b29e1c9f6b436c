// What most tests of clients need in a workspace: a project, and a service principal that may log in to its database.
import { setTimeout as sleep } from 'node:timers/promises'
import type { TestWorkspace } from '../system/workspace.ts'

export interface Endpoint {
  readonly name: string
  readonly uid: string
  readonly host: string
}

export interface Robot {
  readonly id: string
  readonly clientId: string
  readonly secret: string
  readonly endpoint: Endpoint
}

/** Calls the API as the owner; rejects for anything but a success. */
export async function ask<T>(
  workspace: TestWorkspace,
  method: string,
  path: string,
  body?: object,
): Promise<T> {
  const reply = await fetch(`${workspace.host}${path}`, {
    method,
    headers: { authorization: `Bearer ${workspace.token}`, 'content-type': 'application/json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  const text = await reply.text()
  if (!reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${text}`)
  return JSON.parse(text) as T
}

interface Operation {
  readonly name: string
  readonly done: boolean
  readonly error?: object | undefined
}

/** Waits for a long-running operation to succeed. */
export async function finished(workspace: TestWorkspace, started: Operation): Promise<void> {
  let operation = started
  while (!operation.done) {
    await sleep(20)
    operation = await ask<Operation>(workspace, 'GET', `/api/2.0/postgres/${started.name}`)
  }
  if (operation.error) throw new Error(`${started.name}: ${JSON.stringify(operation.error)}`)
}

/** A project and the endpoint of its production branch. */
export async function createProject(
  workspace: TestWorkspace,
  id: string,
  project: object = {},
): Promise<Endpoint> {
  const path = `/api/2.0/postgres/projects?project_id=${id}`
  await finished(workspace, await ask<Operation>(workspace, 'POST', path, project))
  const name = `projects/${id}/branches/production/endpoints/primary`
  const endpoint = await ask<{ uid: string; status: { hosts: { host: string } } }>(
    workspace,
    'GET',
    `/api/2.0/postgres/${name}`,
  )
  return { name, uid: endpoint.uid, host: endpoint.status.hosts.host }
}

/** A service principal with a secret, the right to use a new project, and a role in its production branch. */
export async function createRobot(
  workspace: TestWorkspace,
  { project, name }: { readonly project: string; readonly name: string },
): Promise<Robot> {
  const endpoint = await createProject(workspace, project)
  const principal = await ask<{ id: string; applicationId: string }>(
    workspace,
    'POST',
    '/api/2.0/preview/scim/v2/ServicePrincipals',
    { displayName: name, active: true },
  )
  const secrets = `/api/2.0/accounts/servicePrincipals/${principal.id}/credentials/secrets`
  const { secret } = await ask<{ secret: string }>(workspace, 'POST', secrets, {})
  await ask(workspace, 'PATCH', `/api/2.0/permissions/database-projects/${project}`, {
    access_control_list: [{ service_principal_name: principal.applicationId, permission_level: 'CAN_USE' }],
  })
  const role = { postgres_role: principal.applicationId, identity_type: 'SERVICE_PRINCIPAL' }
  const roles = `/api/2.0/postgres/projects/${project}/branches/production/roles?role_id=${name}-role`
  await finished(workspace, await ask<Operation>(workspace, 'POST', roles, { spec: role }))
  return { id: principal.id, clientId: principal.applicationId, secret, endpoint }
}
