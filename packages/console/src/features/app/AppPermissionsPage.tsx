import { t } from '../../text/index.ts'
import { Permissions } from '../permissions/Permissions.tsx'
import { AppFrame } from './AppFrame.tsx'

export function AppPermissionsPage() {
  return (
    <AppFrame title={t.permissions.title} intro={t.permissions.intro}>
      {(app) => <Permissions type="apps" id={app.name} />}
    </AppFrame>
  )
}
