import { paths } from '../paths.ts'
import { t } from '../text/index.ts'
import { LinkButton } from '../ui/button.tsx'
import { Empty, Page } from '../ui/page.tsx'

export function NotFound() {
  return (
    <Page title={t.errors.noPage}>
      <Empty title={t.errors.noPageText}>
        <LinkButton to={paths.home}>{t.home.title}</LinkButton>
      </Empty>
    </Page>
  )
}
