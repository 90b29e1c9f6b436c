// What happens in the workspace, and what happened lately: the newest first.
import type { OperationSummary } from '@lakelet/api'
import type { Caller } from '../../base/caller.ts'
import { listOperations, type OperationRow } from '../../metadata/operations.ts'
import { findProject } from '../../metadata/projects.ts'
import type { ControlContext } from '../context.ts'
import { cutPage, type PageQuery, readPage } from '../rules/pages.ts'
import { levelOn } from '../rules/project-access.ts'
import { anyProject, notFound } from '../rules/resolve.ts'
import { viewOperation } from '../views/operation.ts'

const LIST = 'operations'
const BATCH_ROWS = 200
/** Between the two parts of a place; neither a time nor an id has one. */
const PLACE = ' '
const STATES = { running: 'RUNNING', undoing: 'UNDOING', succeeded: 'SUCCEEDED', failed: 'FAILED' } as const

export class OperationList {
  readonly #context: ControlContext

  constructor(context: ControlContext) {
    this.#context = context
  }

  /**
   * Operations that the caller started, and those of projects that it may use; admins see all. LakeletError `resource_not_found` for a project
   * that is not there or not the caller's to see.
   */
  async read(
    caller: Caller,
    query: PageQuery & { readonly project?: string | undefined },
  ): Promise<{ operations?: OperationSummary[]; next_page_token?: string }> {
    const { db } = this.#context.metadata
    const project = query.project === undefined ? undefined : await anyProject(db, query.project)
    if (project && (await levelOn(this.#context, caller, project)) === undefined) throw notFound('project')
    const { after, size } = readPage<string>(LIST, query, 'string')
    const seen = await this.#seenBy(caller, { after, size: size + 1, objectUid: project?.uid })
    const { items, nextToken } = cutPage(LIST, seen, size, placeOf)
    const operations = items.map((row) => this.#view(row))
    return { operations, ...(nextToken === undefined ? {} : { next_page_token: nextToken }) }
  }

  async #seenBy(
    caller: Caller,
    {
      after,
      size,
      objectUid,
    }: { readonly after: string | undefined; readonly size: number; readonly objectUid: string | undefined },
  ): Promise<OperationRow[]> {
    const { db } = this.#context.metadata
    const mayUse = this.#access(caller)
    const seen: OperationRow[] = []
    let place = after
    for (;;) {
      const rows = await listOperations(db, {
        limit: BATCH_ROWS,
        ...(objectUid === undefined ? {} : { objectUid }),
        ...(place === undefined ? {} : { after: parsePlace(place) }),
      })
      for (const row of rows) {
        if (row.caller_id === caller.id || (await mayUse(row.object_uid))) seen.push(row)
        if (seen.length === size) return seen
      }
      const last = rows.at(-1)
      if (rows.length < BATCH_ROWS || !last) return seen
      place = placeOf(last)
    }
  }

  /** Whether the caller may see what happens to an object; each is asked about once. */
  #access(caller: Caller): (objectUid: string) => Promise<boolean> {
    const known = new Map<string, boolean>()
    return async (objectUid) => {
      if (caller.isAdmin) return true
      const before = known.get(objectUid)
      if (before !== undefined) return before
      const project = await findProject(this.#context.metadata.db, objectUid)
      const may = project !== undefined && (await levelOn(this.#context, caller, project)) !== undefined
      known.set(objectUid, may)
      return may
    }
  }

  #view(row: OperationRow): OperationSummary {
    const { name, error } = viewOperation(row)
    const startedBy = row.caller_id === null ? undefined : this.#context.principals.nameOf(row.caller_id)
    return {
      name,
      kind: row.kind,
      resource: row.resource,
      state: STATES[row.state],
      steps_done: row.steps_done,
      steps: this.#context.operations.stepsOf(row.kind) ?? row.steps_done,
      create_time: row.create_time,
      ...(startedBy === undefined ? {} : { started_by: startedBy }),
      ...(row.end_time === null ? {} : { end_time: row.end_time }),
      ...(error === undefined ? {} : { error }),
    }
  }
}

function placeOf({ create_time: time, id }: OperationRow): string {
  return `${time}${PLACE}${id}`
}

function parsePlace(place: string): { readonly createTime: string; readonly id: string } {
  const [createTime = '', id = ''] = place.split(PLACE)
  return { createTime, id }
}
