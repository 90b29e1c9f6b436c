import { useNavigate } from '@tanstack/react-router'
import { useRead } from '../api/queries.ts'
import { paths } from '../paths.ts'
import { t } from '../text/index.ts'
import { Button } from '../ui/button.tsx'
import { Activity } from '../ui/icons.ts'
import { usePlace } from './place.ts'

/** How many operations run now; leads to their list. */
export function RunningOperations() {
  const navigate = useNavigate()
  const { project } = usePlace()
  const { data } = useRead('lakelet.listOperations', { query: { page_size: 20 } })
  const running = (data?.operations ?? []).filter(({ end_time: end }) => end === undefined).length
  return (
    <Button
      variant="quiet"
      className={`px-2 ${running > 0 ? 'text-pending' : 'text-dim'}`}
      aria-label={t.operations.running(running)}
      title={t.operations.running(running)}
      onClick={() =>
        void navigate({
          to: project === undefined ? paths.operations : paths.project(project, '/operations'),
        })
      }
    >
      <Activity size={16} aria-hidden />
      {running > 0 && <span aria-hidden="true">{running}</span>}
    </Button>
  )
}
