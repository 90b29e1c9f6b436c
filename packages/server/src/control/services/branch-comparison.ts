// What the schemas of two branches differ in.
import { because, branchName, parseResourceName, type SchemaComparison } from '@lakelet/api'
import { LakeletError } from '../../base/errors.ts'
import { type AdminConnection, compareSchemas, DEFAULT_DATABASE, sqlStateOf } from '../../postgres/index.ts'
import { catalogEndpoint } from '../catalog/catalogs.ts'
import type { ProjectRow } from '../../metadata/projects.ts'
import type { ControlContext } from '../context.ts'
import { type BranchPath, liveBranch } from '../rules/resolve.ts'

/** SQLSTATE invalid_catalog_name. */
const NO_SUCH_DATABASE = '3D000'

export class BranchComparison {
  readonly #context: ControlContext

  constructor(context: ControlContext) {
    this.#context = context
  }

  /**
   * What has to happen to a database of one branch to become like that of another one. Wakes both: only Postgres knows. LakeletError
   * `resource_not_found`, `branch_not_ready`, `endpoint_is_disabled`, `invalid_parameter` or `schema_diff_failed`.
   */
  async compare(
    path: BranchPath,
    {
      with: other,
      database = DEFAULT_DATABASE,
    }: { readonly with: string; readonly database?: string | undefined },
    signal: AbortSignal,
  ): Promise<SchemaComparison> {
    const { db } = this.#context.metadata
    const from = await liveBranch(db, path)
    const to = await liveBranch(db, otherPath(from.project, other))
    const [fromEndpoint, toEndpoint] = [await catalogEndpoint(db, from), await catalogEndpoint(db, to)]
    const open = <T>(endpoint: string, work: (admin: AdminConnection) => Promise<T>) =>
      this.#context.computes.withAdmin(endpoint, work, { database, signal })
    try {
      const { changes, sql, destructiveStatements, notes } = await open(fromEndpoint, (one) =>
        open(toEndpoint, (second) => compareSchemas(one, second)),
      )
      return {
        from: branchName(from.project.project_id, from.branch.branch_id),
        to: branchName(to.project.project_id, to.branch.branch_id),
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
