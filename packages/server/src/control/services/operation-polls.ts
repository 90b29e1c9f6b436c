import { type Operation, parseResourceName, type ResourceName } from '@lakelet/api'
import type { Caller } from '../../base/caller.ts'
import { findProject } from '../../metadata/projects.ts'
import type { ControlContext } from '../context.ts'
import { viewOperation } from '../views/operation.ts'
import { levelOn } from '../rules/project-access.ts'
import { notFound } from '../rules/resolve.ts'

/** How long a poll waits for an operation that still runs: clients then see the end without waiting for their next poll. */
const POLL_WAIT_MS = 2000

/** What the path of a poll names. */
export interface OperationPath {
  readonly project: string
  readonly type: ResourceName['type']
  readonly operation: string
}

export class OperationPolls {
  readonly #context: ControlContext

  constructor(context: ControlContext) {
    this.#context = context
  }

  /** An operation, for who started it and who may use its project. LakeletError `resource_not_found` for all others. */
  async get(caller: Caller, path: OperationPath, signal: AbortSignal): Promise<Operation> {
    const row = await this.#context.operations.waitFor(path.operation, 0)
    const named = row && parseResourceName(row.resource)
    if (!row || named?.type !== path.type) throw notFound('operation')
    if (named.project !== path.project && row.object_uid !== path.project) throw notFound('operation')
    if (row.caller_id !== caller.id && !(await this.#mayUse(caller, row.object_uid))) {
      throw notFound('operation')
    }
    if (row.end_time !== null) return viewOperation(row)
    return viewOperation((await this.#context.operations.waitFor(row.id, POLL_WAIT_MS, signal)) ?? row)
  }

  async #mayUse(caller: Caller, projectUid: string): Promise<boolean> {
    const project = await findProject(this.#context.metadata.db, projectUid)
    // An admin may also poll what happened to a project that is gone.
    if (!project) return caller.isAdmin
    return (await levelOn(this.#context, caller, project)) !== undefined
  }
}
