// Branches that can still be brought back.
import { useState } from 'react'
import { call } from '../../api/call.ts'
import { finished } from '../../api/operations.ts'
import { useRead } from '../../api/queries.ts'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { Section } from '../../ui/page.tsx'
import { Time } from '../../ui/time.tsx'
import { say } from '../../ui/toast.tsx'

export function DeletedBranches({ project }: { readonly project: string }) {
  const { data } = useRead('postgres.listBranches', { params: { project }, query: { show_deleted: true } })
  const [failure, setFailure] = useState<unknown>()
  const deleted = (data?.branches ?? []).filter(({ delete_time }) => delete_time !== undefined)
  if (deleted.length === 0) return null
  const undelete = async (branch: string) => {
    setFailure(undefined)
    try {
      await finished(await call('postgres.undeleteBranch', { params: { project, branch }, body: {} }))
      say(t.branches.undeleted(branch))
    } catch (caught) {
      setFailure(caught)
    }
  }
  return (
    <div className="mt-8">
      <Section title={t.branches.recentlyDeleted}>
        {failure !== undefined && <ErrorPanel error={failure} />}
        <ul className="panel divide-y divide-line">
          {deleted.map((branch) => (
            <li key={branch.uid} className="flex flex-wrap items-center gap-3 px-4 py-2">
              <bdi className="flex-1">{branch.branch_id}</bdi>
              {branch.delete_time && (
                <span className="text-dim">
                  <Time at={branch.delete_time} />
                </span>
              )}
              <Button onClick={() => void undelete(branch.uid)}>{t.branches.undelete}</Button>
            </li>
          ))}
        </ul>
      </Section>
    </div>
  )
}
