// The names of a branch's databases and of who may log in to it, as the API knows them; a sleeping compute stays asleep.
import { useRead } from '../../api/queries.ts'

interface BranchParams {
  readonly project: string
  readonly branch: string
}

/** Names to choose from, the chosen one always among them. */
export function useDatabaseNames(params: BranchParams, chosen: string): readonly string[] {
  const { data } = useRead('postgres.listDatabases', { params })
  return withChosen(data?.databases?.map(({ status }) => status.postgres_database) ?? [], chosen)
}

/** Roles to log in as or to act as, the chosen one always among them. */
export function useRoleNames(params: BranchParams, chosen: string): readonly string[] {
  const { data } = useRead('postgres.listRoles', { params })
  return withChosen(data?.roles?.map(({ status }) => status.postgres_role) ?? [], chosen)
}

function withChosen(names: readonly string[], chosen: string): readonly string[] {
  return chosen === '' || names.includes(chosen) ? names : [chosen, ...names]
}
