import { t } from '../../text/index.ts'
import { SelectField } from '../../ui/form.tsx'

/** Lives of a branch to choose from and their names, empty for ever. */
export function lives(): readonly (readonly [ttl: string, text: string])[] {
  const { ttl } = t.branches
  return [
    ['', ttl.never],
    ['3600s', ttl.hour],
    ['86400s', ttl.day],
    ['604800s', ttl.week],
    ['2592000s', ttl.month],
  ]
}

/** The field `ttl`: how long a new branch lives. */
export function Expiry() {
  return <SelectField name="ttl" label={t.branches.expiry} options={lives()} />
}
