// What somebody asks of branches and snapshots, over the API.
import {
  type Branch,
  branchControlRoutes,
  type BranchSpec,
  branchRoutes,
  type Client,
  type Operation,
  restoreRoutes,
  snapshotRoutes,
} from '@lakelet/api'

export type Request =
  | ({ readonly kind: 'create'; readonly id: string } & (
      | { readonly source: string; readonly moment?: PastMoment }
      | { readonly snapshot: string }
    ))
  | ({ readonly kind: 'restore'; readonly branch: string; readonly backup: string } & (
      | { readonly moment: PastMoment }
      | { readonly snapshot: string }
    ))
  | { readonly kind: 'reset' | 'undelete' | 'delete' | 'purge'; readonly branch: string }
  | { readonly kind: 'change'; readonly branch: string; readonly mask: string; readonly spec: object }
  | {
      readonly kind: 'snapshot'
      readonly id: string
      readonly source: string
      readonly moment?: PastMoment
      readonly life: object
    }
  | { readonly kind: 'delete snapshot'; readonly snapshot: string }

export type PastMoment = { readonly time: string } | { readonly lsn: string }

type Started = Promise<Pick<Operation, 'name'>>

export function sendRequest(client: Client, project: string, request: Request): Started {
  if (request.kind === 'create') return create(client, project, request)
  if (request.kind === 'snapshot' || request.kind === 'delete snapshot')
    return ofSnapshot(client, project, request)
  return ofBranch(client, { project, branch: request.branch }, request)
}

function ofBranch(
  client: Client,
  params: { readonly project: string; readonly branch: string },
  request: Exclude<Request, { readonly kind: 'create' | 'snapshot' | 'delete snapshot' }>,
): Started {
  switch (request.kind) {
    case 'restore': {
      const past = 'snapshot' in request ? { snapshot: request.snapshot } : request.moment
      const body = { ...past, in_place: true, branch_id: request.backup }
      return client.call(restoreRoutes.restore, { params, body })
    }
    case 'reset':
      return client.call(branchControlRoutes.resetBranch, { params, body: {} })
    case 'change': {
      const [query, body] = [{ update_mask: request.mask }, { spec: request.spec as BranchSpec }]
      return client.call(branchRoutes.updateBranch, { params, query, body })
    }
    case 'undelete':
      return client.call(branchRoutes.undeleteBranch, { params, body: {} })
    case 'delete':
    case 'purge':
      return client.call(branchRoutes.deleteBranch, { params, query: { purge: request.kind === 'purge' } })
  }
}

function create(client: Client, project: string, request: Request & { readonly kind: 'create' }): Started {
  const from =
    'snapshot' in request
      ? { source_snapshot: `projects/${project}/snapshots/${request.snapshot}` }
      : { source_branch: `projects/${project}/branches/${request.source}`, ...sourceMoment(request.moment) }
  return client.call(branchRoutes.createBranch, {
    params: { project },
    query: { branch_id: request.id },
    body: { spec: { ...from, no_expiry: true } },
  })
}

function ofSnapshot(
  client: Client,
  project: string,
  request: Extract<Request, { readonly kind: 'snapshot' | 'delete snapshot' }>,
): Started {
  if (request.kind === 'delete snapshot') {
    const params = { project, snapshot: request.snapshot }
    return client.call(snapshotRoutes.deleteSnapshot, { params })
  }
  const source_branch = `projects/${project}/branches/${request.source}`
  return client.call(snapshotRoutes.createSnapshot, {
    params: { project },
    query: { snapshot_id: request.id },
    body: { spec: { source_branch, ...sourceMoment(request.moment), ...request.life } },
  })
}

function sourceMoment(moment: PastMoment | undefined): object {
  if (!moment) return {}
  return 'time' in moment ? { source_branch_time: moment.time } : { source_branch_lsn: moment.lsn }
}

/** What a list says of a branch. */
export interface ListedBranch {
  /** Id of the branch that it was made from. */
  readonly source: string | undefined
  /** When it deletes itself. */
  readonly endMs: number | undefined
}

export function listed({ status: { source_branch, expire_time } }: Branch): ListedBranch {
  return {
    source: source_branch?.split('/').at(-1),
    endMs: expire_time === undefined ? undefined : Date.parse(expire_time),
  }
}
