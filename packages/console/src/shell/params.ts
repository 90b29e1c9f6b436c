// Parameters of the page's address.
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'

/** A parameter of the path, such as `project`. */
export function useParam(name: 'project' | 'branch' | 'app'): string {
  const params: Readonly<Record<string, string | undefined>> = useParams({ strict: false })
  return params[name] ?? ''
}

/** A value of the address's search, and how to change it: dialogs and choices are part of the address. */
export function useSearchValue(
  name: string,
): [value: string | undefined, change: (value: string | undefined) => void] {
  const search: Readonly<Record<string, unknown>> = useSearch({ strict: false })
  const navigate = useNavigate()
  const value = search[name]
  const change = (next: string | undefined) => {
    const { [name]: _, ...rest } = search
    void navigate({
      to: '.',
      search: next === undefined ? rest : { ...rest, [name]: next },
      replace: next === undefined,
    })
  }
  return [textOf(value), change]
}

/** The router reads what looks like a number as one. */
function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined
}
