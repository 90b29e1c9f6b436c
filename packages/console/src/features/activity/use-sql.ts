import { useQuery } from '@tanstack/react-query'
import { runOnce } from '../sql/run-once.ts'

export type Row = Readonly<Record<string, string | null>>

export interface BranchParams {
  readonly project: string
  readonly branch: string
}

/** Read once and when asked: a page that goes on asking Postgres would keep it awake. */
export function useSql(params: BranchParams, ...statements: readonly string[]) {
  return useQuery({
    queryKey: ['activity', params, statements],
    queryFn: ({ signal }) => runOnce({ ...params, statements, isReadOnly: true }, signal),
    retry: false,
    staleTime: Infinity,
  })
}
