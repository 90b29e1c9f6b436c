import { useParam } from '../../shell/params.ts'
import { t } from '../../text/index.ts'
import { Page } from '../../ui/page.tsx'
import { Permissions } from '../permissions/Permissions.tsx'

export function ProjectPermissionsPage() {
  return (
    <Page title={t.permissions.title} intro={t.permissions.intro}>
      <Permissions type="database-projects" id={useParam('project')} />
    </Page>
  )
}
