import { type Branch, branchControlRoutes, branchRoutes, restoreRoutes } from '@lakelet/api'
import { z } from 'zod'
import {
  branchFields,
  confirmFields,
  databaseField,
  lsnField,
  namedBranchFields,
  pageField,
  projectField,
  timeField,
} from '../fields.ts'
import { createBranch } from '../new-branch.ts'
import { ToolError } from '../problem.ts'
import { branchOf, endpointOf, getBranch, guardedName, projectOf } from '../targets.ts'
import { defineTool, unconfirmed } from '../tool.ts'
import { done } from '../wait.ts'

const newId = z.string().min(1).max(63)
const ttlField = z
  .int()
  .min(1)
  .max(30 * 24 * 3600)
  .optional()
  .describe('Seconds after which the branch deletes itself; without it the branch stays.')

export const branchTools = [
  defineTool({
    name: 'list_branches',
    title: 'List branches',
    description:
      'The branches of a project: which is the default, which are protected, where they come from, their size.',
    toolset: 'branches',
    effect: 'reads',
    input: z.object({ project: projectField, page: pageField }),
    async run(context, { project: named, page }) {
      const { client, signal } = context
      const project = await projectOf(context, named)
      const query = page === undefined ? {} : { page_token: page }
      const reply = await client.call(branchRoutes.listBranches, { params: { project }, query }, signal)
      const { branches = [], next_page_token: next } = reply
      return {
        text: `Branches: ${branches.length}.`,
        data: { project, branches: branches.map(shown), next_page_token: next },
        more: next === undefined ? undefined : 'more branches follow, by next_page_token in page',
      }
    },
  }),
  defineTool({
    name: 'get_branch',
    title: 'Read a branch',
    description:
      'One branch, the state of its compute, and which moments of its past can be restored or read. Wakes nothing.',
    toolset: 'branches',
    effect: 'reads',
    input: z.object(branchFields),
    async run(context, input) {
      const { client, signal } = context
      const params = await branchOf(context, input)
      const branch = await getBranch(context, params)
      const { status, endpoint_id: id } = await endpointOf(context, params)
      const history = await client.call(restoreRoutes.getHistory, { params }, signal)
      return {
        text: 'The branch.',
        data: {
          ...shown(branch),
          endpoint: {
            endpoint: id,
            state: status.current_state,
            disabled: status.disabled,
            min_cu: status.autoscaling_limit_min_cu,
            max_cu: status.autoscaling_limit_max_cu,
            suspend_timeout: status.suspend_timeout_duration,
            last_active_time: status.last_active_time,
            problem: status.problem,
          },
          history: {
            earliest_restore_time: history.earliest_restore_time,
            latest_restore_time: history.latest_restore_time,
            latest_restore_lsn: history.latest_restore_lsn,
          },
        },
      }
    },
  }),
  defineTool({
    name: 'create_branch',
    title: 'Create a branch',
    description:
      'Makes a branch with the data of another one, as it is or was at a moment of its past. Takes seconds; the source goes on. Give ttl_seconds unless it is to stay. To try one thing and throw it away, use try_sql.',
    toolset: 'branches',
    effect: 'adds',
    input: z.object({
      project: projectField,
      branch: newId.describe('Id of the new branch: lower-case letters, digits and hyphens.'),
      source: branchFields.branch.describe(
        'Id of the branch that it is made from; the default branch when left out.',
      ),
      time: timeField,
      lsn: lsnField,
      ttl_seconds: ttlField,
    }),
    async run(context, { project: named, branch, source, time, lsn, ttl_seconds: ttl }) {
      const from = await branchOf(context, { project: named, branch: source })
      const made = await createBranch(context, {
        ...from,
        id: branch,
        ...(time === undefined ? {} : { source_branch_time: time }),
        ...(lsn === undefined ? {} : { source_branch_lsn: lsn }),
        ...(ttl === undefined ? { no_expiry: true } : { ttl: `${ttl}s` }),
      })
      return { text: 'The branch was made.', data: shown(made) }
    },
  }),
  defineTool({
    name: 'delete_branch',
    title: 'Delete a branch',
    description:
      'Deletes a branch with its data and compute. Done in two calls; for a week a person can bring it back. The workspace refuses it for default and protected branches, and for those that others come from.',
    toolset: 'branches',
    effect: 'destroys',
    input: z.object({ ...namedBranchFields, ...confirmFields }),
    async run(context, input) {
      const { client, signal } = context
      const params = await branchOf(context, input)
      const branch = await getBranch(context, params)
      if (branch.delete_time !== undefined) throw new ToolError('The branch is deleted already.')
      const question = await unconfirmed(context, {
        ...planOf(branch, input),
        would: 'The branch with all its data would be deleted.',
      })
      if (question) return question
      await done(context, await client.call(branchRoutes.deleteBranch, { params, query: {} }, signal))
      return {
        text: "The branch was deleted. For a week 'lakelet postgres undelete-branch' brings it back.",
        data: { branch: branch.name },
      }
    },
  }),
  defineTool({
    name: 'reset_branch',
    title: 'Reset a branch from its parent',
    description:
      'Replaces everything in a branch by what its parent has now; what was only in the branch is lost, open sessions end. Done in two calls.',
    toolset: 'branches',
    effect: 'destroys',
    input: z.object({ ...namedBranchFields, ...confirmFields }),
    async run(context, input) {
      const { client, signal } = context
      const params = await branchOf(context, input)
      const branch = await getBranch(context, params)
      const question = await unconfirmed(context, {
        ...planOf(branch, input),
        would:
          'Everything in the branch would be replaced by what its parent has now, and what is only in the branch would be lost.',
      })
      if (question) return question
      const started = await client.call(branchControlRoutes.resetBranch, { params, body: {} }, signal)
      const reset = await done(context, started)
      return { text: 'The branch was reset from its parent.', data: reset && shown(reset) }
    },
  }),
  defineTool({
    name: 'restore_branch',
    title: 'Bring back a moment of the past',
    description:
      'Brings back what a branch was at a time or log position: as a new branch, which changes nothing else, or with in_place: true in its place, which is done in two calls and keeps what it is now as another branch.',
    toolset: 'branches',
    effect: 'destroys',
    input: z.object({
      ...namedBranchFields,
      time: timeField,
      lsn: lsnField,
      in_place: z.boolean().default(false),
      new_branch: newId.optional().describe('Id of the branch that is made; made up when left out.'),
      ttl_seconds: ttlField,
      ...confirmFields,
    }),
    async run(context, input) {
      const { client, signal } = context
      const { time, lsn, in_place: inPlace, new_branch: id, ttl_seconds: ttl } = input
      if ((time === undefined) === (lsn === undefined))
        throw new ToolError('Name the moment with time or with lsn.')
      if (inPlace && ttl !== undefined)
        throw new ToolError('ttl_seconds is for a new branch, not for in_place.')
      const params = await branchOf(context, input)
      const branch = await getBranch(context, params)
      const question = inPlace
        ? await unconfirmed(context, {
            ...planOf(branch, input),
            would:
              'The branch would become what it was then; what it is now would be kept as another branch.',
          })
        : undefined
      if (question) return question
      const body = {
        ...(time === undefined ? {} : { time }),
        ...(lsn === undefined ? {} : { lsn }),
        ...(inPlace ? { in_place: true } : {}),
        ...(id === undefined ? {} : { branch_id: id }),
        ...(ttl === undefined ? {} : { ttl: `${ttl}s` }),
      }
      const made = await done(context, await client.call(restoreRoutes.restore, { params, body }, signal))
      return {
        text: inPlace ? 'The branch is what it was then.' : 'A new branch holds that moment.',
        data: made && shown(made),
      }
    },
  }),
  defineTool({
    name: 'diff_schema',
    title: 'Compare schemas',
    description:
      'What the schema of one branch has to change to become like that of another (or of itself at another time), and the SQL for it. Compares schemas, not rows. Wakes both computes.',
    toolset: 'branches',
    effect: 'reads',
    input: z.object({
      project: projectField,
      from: branchFields.branch.describe('The branch that the SQL is for; the default branch when left out.'),
      to: z.string().min(1).max(400).describe('The branch that it becomes like.'),
      from_time: timeField,
      to_time: timeField,
      database: databaseField,
    }),
    async run(context, { project, from, to, from_time: time, to_time: toTime, database }) {
      const params = await branchOf(context, { project, branch: from })
      const other = await branchOf(context, { project: params.project, branch: to })
      const {
        changes,
        sql,
        notes,
        destructive_statements: lossy,
      } = await context.client.call(
        branchControlRoutes.compareBranch,
        {
          params,
          body: {
            with: other.branch,
            database,
            ...(time === undefined ? {} : { time }),
            ...(toTime === undefined ? {} : { with_time: toTime }),
          },
        },
        context.signal,
      )
      const loss = lossy === 0 ? '' : ` Statements that lose data: ${lossy}.`
      return {
        text: changes.length === 0 ? 'The schemas are alike.' : `Changes: ${changes.length}.${loss}`,
        data: { changes, sql, notes },
      }
    },
  }),
]

function planOf(branch: Branch, input: Parameters<typeof unconfirmed>[1]['input']) {
  return {
    input,
    data: shown(branch),
    state: [branch.uid, branch.update_time, branch.status.current_state],
    name: guardedName(branch),
  }
}

function shown({ name, branch_id: id, uid, create_time: time, delete_time: deleted, status }: Branch) {
  return {
    branch: id,
    name,
    uid,
    default: status.default,
    is_protected: status.is_protected,
    state: status.current_state,
    source_branch: status.source_branch,
    source_branch_time: status.source_branch_time,
    size_bytes: status.logical_size_bytes,
    create_time: time,
    expire_time: status.expire_time,
    delete_time: deleted,
    problem: status.problem,
  }
}
