// What the schemas of two branches differ in.
import { because, branchName, parseResourceName, type SchemaComparison } from '@lakelet/api'
import { LakeletError } from '../../base/errors.ts'
import { type AdminConnection, compareSchemas, DEFAULT_DATABASE, sqlStateOf } from '../../postgres/index.ts'
import { catalogEndpoint } from '../catalog/catalogs.ts'
import type { ProjectRow } from '../../metadata/projects.ts'
import type { ControlContext } from '../context.ts'
import { type AskedMoment, momentOf } from '../rules/past-moment.ts'
import { type BranchPath, type BranchRows, liveBranch } from '../rules/resolve.ts'
import type { PastBranches } from './past-branches.ts'

/** SQLSTATE invalid_catalog_name. */
const NO_SUCH_DATABASE = '3D000'

export interface ComparisonInput {
  readonly with: string
  readonly database?: string | undefined
  /** The branch as it was then; one of both. */
  readonly time?: string | undefined
  readonly lsn?: string | undefined
  /** The other one as it was then; one of both. */
  readonly with_time?: string | undefined
  readonly with_lsn?: string | undefined
}

/** One of the two that are compared. */
interface Side {
  readonly name: string
  open<T>(work: (admin: AdminConnection) => Promise<T>): Promise<T>
}

export class BranchComparison {
  readonly #context: ControlContext
  readonly #past: PastBranches

  constructor(context: ControlContext, past: PastBranches) {
    this.#context = context
    this.#past = past
  }

  /**
   * What has to happen to a database of one branch to become like that of another one, each as it is or as it was. Wakes both: only Postgres
   * knows. LakeletError `resource_not_found`, `branch_not_ready`, `endpoint_is_disabled`, `invalid_parameter`, `schema_diff_failed`, and those
   * of `PastBranches.find`.
   */
  async compare(
    path: BranchPath,
    { with: other, database = DEFAULT_DATABASE, time, lsn, with_time, with_lsn }: ComparisonInput,
    signal: AbortSignal,
  ): Promise<SchemaComparison> {
    const { db } = this.#context.metadata
    const from = await liveBranch(db, path)
    const to = await liveBranch(db, otherPath(from.project, other))
    const options = { database, signal }
    const one = await this.#side(from, { time, lsn }, options)
    const second = await this.#side(to, { time: with_time, lsn: with_lsn }, options)
    try {
      const { changes, sql, destructiveStatements, notes } = await one.open((left) =>
        second.open((right) => compareSchemas(left, right, signal)),
      )
      return {
        from: one.name,
        to: second.name,
        database,
        changes: changes.map(({ attributes, ...change }) => ({
          ...change,
          ...(attributes ? { attributes: [...attributes] } : {}),
        })),
        sql,
        destructive_statements: destructiveStatements,
        notes: [...notes],
      }
    } catch (error) {
      if (sqlStateOf(error) !== NO_SUCH_DATABASE) throw error
      throw new LakeletError('resource_not_found', { type: 'database' }, { cause: error })
    }
  }

  async #side(
    rows: BranchRows,
    asked: AskedMoment,
    options: { readonly database: string; readonly signal: AbortSignal },
  ): Promise<Side> {
    const { computes, metadata } = this.#context
    const endpoint = await catalogEndpoint(metadata.db, rows)
    const name = branchName(rows.project.project_id, rows.branch.branch_id)
    if (asked.time === undefined && asked.lsn === undefined)
      return { name, open: (work) => computes.withAdmin(endpoint, work, options) }
    const moment = momentOf({ source_branch_time: asked.time, source_branch_lsn: asked.lsn }, ['time', 'lsn'])
    const past = await this.#past.find(endpoint, moment ?? {})
    return {
      name: `${name}${past.name.slice(past.name.indexOf('@'))}`,
      open: (work) => this.#past.withAdmin(past.id, work, options),
    }
  }
}

/** Another branch of the project, by id, uid or full name. */
function otherPath(project: ProjectRow, name: string): BranchPath {
  if (!name.includes('/')) return { project: project.uid, branch: name }
  const parsed = parseResourceName(name)
  const isHere = parsed?.project === project.project_id || parsed?.project === project.uid
  if (parsed?.type !== 'branch' || parsed.branch === undefined || !isHere) {
    throw new LakeletError('invalid_parameter', {
      reason: because('branch_of_project', {
        field: 'with',
        example: branchName(project.project_id, 'production'),
      }),
    })
  }
  return { project: project.uid, branch: parsed.branch }
}
