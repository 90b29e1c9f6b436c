// Reading through the cache. A key begins with the route's id, so that what changed can name what it makes stale.
import { QueryClient, queryOptions, useQuery } from '@tanstack/react-query'
import { ApiError, call } from './call.ts'
import type { Input, LooseInput, RouteId } from './types.ts'
import { liveInterval } from './live.ts'

const RETRY_DELAYS_MS = [500, 1000, 2000, 5000]

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 1000,
      // A server that is away comes back; everything else is the server's word.
      retry: (_count, error) => error instanceof ApiError && (error.status === 0 || error.status === 503),
      retryDelay: (count) => RETRY_DELAYS_MS[Math.min(count, RETRY_DELAYS_MS.length - 1)] ?? 5000,
      refetchOnWindowFocus: true,
      networkMode: 'always',
    },
    mutations: { retry: false, networkMode: 'always' },
  },
})

/** A read of the API as a query. */
export function read<I extends RouteId>(id: I, input: Input<I>) {
  return queryOptions({
    queryKey: [id, input] as const,
    queryFn: ({ signal }) => call(id, input, signal),
    refetchInterval: liveInterval,
  })
}

/**
 * Reads and keeps reading. The last data stays while new data or another page of it is fetched, but not while another resource is: what
 * a page shows, offers and guards is of the one in its address.
 */
export function useRead<I extends RouteId>(
  id: I,
  input: Input<I>,
  {
    everyMs,
    ...options
  }: {
    readonly enabled?: boolean
    /** Read again this often while the page is seen: what no change of the workspace announces, such as a log that grows. */
    readonly everyMs?: number | undefined
  } = {},
) {
  const interval =
    everyMs === undefined
      ? {}
      : { refetchInterval: () => (document.visibilityState === 'visible' ? everyMs : (false as const)) }
  return useQuery({
    ...read(id, input),
    placeholderData: <T>(last: T | undefined, before?: { readonly queryKey: readonly unknown[] }) =>
      isOfSame(input, before?.queryKey[1]) ? last : undefined,
    ...interval,
    ...options,
  })
}

/** Whether two inputs name the same resource, whatever part of it they ask for. */
function isOfSame(one: object, other: unknown): boolean {
  const paramsOf = (input: unknown) => JSON.stringify((input as LooseInput | undefined)?.params ?? {})
  return paramsOf(one) === paramsOf(other)
}

/** Makes reads of these routes stale, or all of them for an empty id; those on screen are fetched again. */
export async function refresh(...ids: readonly string[]): Promise<void> {
  await Promise.all(ids.map((id) => queryClient.invalidateQueries(id === '' ? {} : { queryKey: [id] })))
}
