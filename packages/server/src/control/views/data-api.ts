import { type DataApi, type DataApiSpec, databaseName } from '@lakelet/api'
import type { DataApiRow } from '../../metadata/data-apis.ts'
import type { Database } from '../../postgres/index.ts'
import type { Known } from '../catalog/known-catalog.ts'
import type { BranchRows } from '../rules/resolve.ts'

/** The role that the Data API logs in as. */
export const AUTHENTICATOR = 'authenticator'

/** Settings with their defaults. */
export function effectiveDataApi(spec: DataApiSpec) {
  return {
    ...spec,
    db_schemas: spec.db_schemas?.length ? spec.db_schemas : ['public'],
    db_extra_search_path: spec.db_extra_search_path ?? [],
    db_aggregates_enabled: spec.db_aggregates_enabled ?? true,
    jwt_role_claim_key: '.sub',
    openapi_mode: spec.openapi_mode ?? 'OPEN_API_MODE_IGNORE_PRIVILEGES',
    server_timing_enabled: spec.server_timing_enabled ?? false,
  } as const
}

export function viewDataApi(
  { project, branch }: BranchRows,
  { id }: Known<Database>,
  row: DataApiRow,
  url: string,
): DataApi {
  return {
    name: `${databaseName(project.project_id, branch.branch_id, id.id)}/data-api`,
    create_time: row.create_time,
    update_time: row.update_time,
    status: {
      ...effectiveDataApi(JSON.parse(row.spec) as DataApiSpec),
      url,
      available_schemas: JSON.parse(row.available_schemas) as string[],
    },
  }
}
