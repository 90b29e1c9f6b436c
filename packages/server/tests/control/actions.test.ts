// The tables of legal actions against the server, in both directions: what a client reads out of them from the API's own replies
// is what the server does, allowed or refused, with the same code and words.
import {
  type Branch,
  branchActions,
  branchControlRoutes,
  branchRoutes,
  branchSubject,
  databaseRoutes,
  endpointActions,
  endpointRoutes,
  endpointSubject,
  type LakeletError,
  projectActions,
  projectRoutes,
  projectSubject,
  refusalOf,
  snapshotRoutes,
} from '@lakelet/api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type ControlWorkspace,
  createProject,
  done,
  refusal,
  startFreshControl,
} from './control-workspace.ts'

const PROJECT = 'shop'
const inProject = { project: PROJECT }

describe('legal actions', () => {
  let workspace: ControlWorkspace
  beforeAll(async () => {
    workspace = await startFreshControl()
    await createProject(workspace.client, PROJECT)
    await create('parent')
    await create('child', { source_branch: `projects/${PROJECT}/branches/parent` })
    await create('guarded', { is_protected: true })
    await create('fleeting', { ttl: '3600s' })
    await create('gone')
    await call('delete', 'gone')
  })
  afterAll(() => workspace[Symbol.asyncDispose]())

  const params = (branch: string) => ({ project: PROJECT, branch })
  const create = async (id: string, spec: object = {}) => {
    const { client } = workspace
    const query = { branch_id: id }
    return done(
      client,
      await client.call(branchRoutes.createBranch, { params: inProject, query, body: { spec } }),
    )
  }
  const all = async (): Promise<readonly Branch[]> => {
    const query = { show_deleted: true }
    const { branches = [] } = await workspace.client.call(branchRoutes.listBranches, {
      params: inProject,
      query,
    })
    return branches
  }

  /** Does the action and waits for its end. */
  async function call(action: keyof typeof branchActions, id: string): Promise<void> {
    const { client } = workspace
    const change = (mask: string, spec: object) =>
      client.call(branchRoutes.updateBranch, {
        params: params(id),
        query: { update_mask: mask },
        body: { spec },
      })
    const remove = (purge: boolean) =>
      client.call(branchRoutes.deleteBranch, { params: params(id), query: { purge } })
    const started = {
      update: () => change('', {}),
      protect: () => change('spec.is_protected', { is_protected: true }),
      expire: () => change('spec.ttl', { ttl: '7200s' }),
      make_default: () =>
        client.call(projectRoutes.updateProject, {
          params: inProject,
          query: { update_mask: 'spec.default_branch' },
          body: { spec: { default_branch: `projects/${PROJECT}/branches/${id}` } },
        }),
      branch_from: () =>
        client.call(branchRoutes.createBranch, {
          params: inProject,
          query: { branch_id: `of-${id}` },
          body: { spec: { source_branch: `projects/${PROJECT}/branches/${id}` } },
        }),
      reset: () => client.call(branchControlRoutes.resetBranch, { params: params(id), body: {} }),
      snapshot: () =>
        client.call(snapshotRoutes.createSnapshot, {
          params: inProject,
          query: { snapshot_id: `of-${id}` },
          body: { spec: { source_branch: `projects/${PROJECT}/branches/${id}` } },
        }),
      delete: () => remove(false),
      purge: () => remove(true),
      undelete: () => client.call(branchRoutes.undeleteBranch, { params: params(id), body: {} }),
    } as const
    if (action === 'read_catalog') {
      await client.call(databaseRoutes.listDatabases, { params: params(id) })
      return
    }
    await done(client, await started[action]())
  }

  /** Takes back what an allowed action did, where the next look needs it. */
  async function restore(action: keyof typeof branchActions, id: string): Promise<void> {
    const { client } = workspace
    const change = async (spec: object, mask: string) => {
      const options = { params: params(id), query: { update_mask: mask }, body: { spec } }
      await done(client, await client.call(branchRoutes.updateBranch, options))
    }
    if (action === 'protect' && id !== 'guarded') await change({ is_protected: false }, 'spec.is_protected')
    if (action === 'expire' && id !== 'fleeting') await change({ no_expiry: true }, 'spec.no_expiry')
    if (action === 'make_default') await call('make_default', 'production')
    if (action === 'branch_from') await call('purge', `of-${id}`)
    if (action === 'delete') await call('undelete', id)
    if (action === 'undelete') await call('delete', id)
  }

  const harmless = [
    'reset',
    'update',
    'protect',
    'expire',
    'make_default',
    'branch_from',
    'snapshot',
    'read_catalog',
  ] as const
  const branches = ['production', 'parent', 'child', 'guarded', 'fleeting', 'gone'] as const
  const cases = branches.flatMap((id) =>
    [...harmless, 'delete' as const, 'undelete' as const, 'purge' as const].map(
      (action) => [action, id] as const,
    ),
  )

  test.each(cases)('%s of branch %s', async (action, id) => {
    // A project has one protected branch; that is no state of the branch itself.
    if (action === 'protect' && id !== 'guarded') await unguard()
    const everyone = await all()
    const branch = everyone.find((each) => each.branch_id === id)
    // What an earlier row purged is not there any more.
    if (!branch) throw new Error(`branch ${id} is gone`)
    const expected = refusalOf(branchActions, action, branchSubject(branch, everyone))
    await expectAgreement(expected, () => call(action, id))
    if (!expected) await (action === 'purge' ? remake(id) : restore(action, id))
    if (action === 'protect' && id !== 'guarded') await guard()
  })

  const unguard = async () => done(workspace.client, await protect(false))
  const guard = async () => done(workspace.client, await protect(true))
  const protect = (isProtected: boolean) =>
    workspace.client.call(branchRoutes.updateBranch, {
      params: params('guarded'),
      query: { update_mask: 'spec.is_protected' },
      body: { spec: { is_protected: isProtected } },
    })
  const remake = async (id: string) => {
    const source = id === 'child' ? { source_branch: `projects/${PROJECT}/branches/parent` } : {}
    await create(id, { ...source, ...(id === 'fleeting' ? { ttl: '3600s' } : {}) })
    if (id === 'gone') await call('delete', id)
  }

  test.each([true, false])('delete and catalogue of an endpoint; disabled: %s', async (disabled) => {
    const { client } = workspace
    const at = { ...params('parent'), endpoint: 'primary' }
    const changed = await client.call(endpointRoutes.updateEndpoint, {
      params: at,
      query: { update_mask: 'spec.disabled' },
      body: { spec: { disabled } },
    })
    await done(client, changed)
    const endpoint = await client.call(endpointRoutes.getEndpoint, { params: at })
    const branch = await client.call(branchRoutes.getBranch, { params: params('parent') })
    const subject = endpointSubject(endpoint, branch)
    await expectAgreement(refusalOf(endpointActions, 'delete', subject), () =>
      client.call(endpointRoutes.deleteEndpoint, { params: at }),
    )
    await expectAgreement(refusalOf(endpointActions, 'change_catalog', subject), async () => {
      const database = { ...params('parent'), database: 'databricks-postgres' }
      await done(client, await client.call(databaseRoutes.updateDatabase, { params: database, body: {} }))
    })
    await expectAgreement(refusalOf(endpointActions, 'update', subject), async () => {
      await done(client, await client.call(endpointRoutes.updateEndpoint, { params: at, body: {} }))
    })
  })

  test('actions of a project, with a protected branch, without one, and deleted', async () => {
    const { client } = workspace
    const subject = async () => {
      const project = await client.call(projectRoutes.getProject, { params: inProject })
      return projectSubject(project, project.delete_time === undefined ? await all() : [])
    }
    const acts = {
      update: async () =>
        done(client, await client.call(projectRoutes.updateProject, { params: inProject, body: {} })),
      delete: async () => done(client, await client.call(projectRoutes.deleteProject, { params: inProject })),
      undelete: async () =>
        done(client, await client.call(projectRoutes.undeleteProject, { params: inProject, body: {} })),
    }
    const check = async (action: keyof typeof acts) =>
      expectAgreement(refusalOf(projectActions, action, await subject()), acts[action])
    for (const action of ['update', 'undelete', 'delete'] as const) await check(action)
    await unguard()
    for (const action of ['undelete', 'delete', 'update', 'delete', 'undelete'] as const) await check(action)
  })
})

/** Expects that `act` is refused as `expected` says, or done where that is nothing. */
async function expectAgreement(
  expected: LakeletError | undefined,
  act: () => Promise<unknown>,
): Promise<void> {
  if (!expected) {
    await act()
    return
  }
  const refused = await refusal(act())
  const withoutTrace = (text: string) => text.replace(/ \[TraceId: .*\]$/, '')
  expect([refused.errorCode, withoutTrace(refused.message)]).toEqual([
    expected.entry.errorCode,
    withoutTrace(expected.message),
  ])
}
