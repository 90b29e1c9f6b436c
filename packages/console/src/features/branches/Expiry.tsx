import { t } from '../../text/index.ts'
import { SelectField } from '../../ui/form.tsx'

/** The field `ttl`: how long a new branch lives, empty for ever. */
export function Expiry({ first = '' }: { readonly first?: string }) {
  const { ttl } = t.branches
  return (
    <SelectField
      name="ttl"
      label={t.branches.expiry}
      defaultValue={first}
      options={[
        ['', ttl.never],
        ['3600s', ttl.hour],
        ['86400s', ttl.day],
        ['604800s', ttl.week],
        ['2592000s', ttl.month],
      ]}
    />
  )
}
