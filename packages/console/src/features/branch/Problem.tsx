import type { ResourceProblem } from '@lakelet/api'
import { formatTime } from '../../text/format.ts'
import { t } from '../../text/index.ts'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { Notice } from '../../ui/page.tsx'

interface ProblemProps {
  readonly problem: ResourceProblem | undefined
  /** A compute shows its own: what its branch has stands above all of them. */
  readonly only?: ResourceProblem['kind']
}

/** What keeps a branch or its compute from being as it should be; nothing where there is nothing. */
export function Problem({ problem, only }: ProblemProps) {
  if (!problem || (only !== undefined && problem.kind !== only)) return null
  return (
    <div className="mt-3 mb-4">
      <Notice tone="danger">
        {t.branch.problem(formatTime(problem.since))} <ForeignText text={problem.message} />
      </Notice>
    </div>
  )
}
