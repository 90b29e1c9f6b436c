import { useState } from 'react'
import type { Result } from '../../api/types.ts'
import { useRead } from '../../api/queries.ts'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { CopyField } from '../../ui/copy.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { IdentityList } from './IdentityList.tsx'
import { PrincipalSecrets } from './PrincipalSecrets.tsx'

type ServicePrincipal = Result<'scim.listServicePrincipals'>['Resources'][number]

export function ServicePrincipalsPage() {
  const { data, error } = useRead('scim.listServicePrincipals', {})
  const [shown, setShown] = useState<ServicePrincipal>()
  return (
    <>
      <IdentityList
        kind="ServicePrincipal"
        title={t.identity.servicePrincipals}
        intro={t.identity.servicePrincipalsIntro}
        add={t.identity.addServicePrincipal}
        label={t.identity.displayName}
        resourceOf={(displayName) => ({ displayName })}
        rows={data?.Resources}
        error={error}
        columns={[
          {
            key: 'name',
            title: t.identity.displayName,
            cell: ({ displayName, active }) => (
              <>
                <ForeignText text={displayName} />
                {!active && <span className="text-dim"> · {t.identity.inactive}</span>}
              </>
            ),
          },
          {
            key: 'client',
            title: t.identity.applicationId,
            isMinor: true,
            cell: ({ applicationId }) => <CopyField label={t.identity.applicationId} value={applicationId} />,
          },
        ]}
        more={(row) => (
          <Button
            variant="quiet"
            aria-label={t.identity.secretsOf(row.displayName)}
            onClick={() => setShown(row)}
          >
            {t.identity.secrets}
          </Button>
        )}
      />
      {shown && <PrincipalSecrets principal={shown} onClose={() => setShown(undefined)} />}
    </>
  )
}
