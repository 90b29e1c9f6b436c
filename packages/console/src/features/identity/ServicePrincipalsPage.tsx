import { useState } from 'react'
import { call } from '../../api/call.ts'
import { useRead } from '../../api/queries.ts'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { CopyField } from '../../ui/copy.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { say } from '../../ui/toast.tsx'
import { errorText } from '../../api/error-text.ts'
import { IdentityList } from './IdentityList.tsx'
import { SecretOnce } from './SecretOnce.tsx'

export function ServicePrincipalsPage() {
  const { data, error } = useRead('scim.listServicePrincipals', {})
  const [secret, setSecret] = useState<string>()
  const create = async (id: string) => {
    try {
      const made = await call('servicePrincipalSecrets.create', {
        params: { service_principal_id: id },
        body: {},
      })
      setSecret(made.secret)
    } catch (caught) {
      say(errorText(caught).text)
    }
  }
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
            cell: ({ displayName }) => <ForeignText text={displayName} />,
          },
          {
            key: 'client',
            title: t.identity.applicationId,
            cell: ({ applicationId }) => <CopyField label={t.identity.applicationId} value={applicationId} />,
          },
        ]}
        more={({ id }) => (
          <Button variant="quiet" onClick={() => void create(id)}>
            {t.identity.createSecret}
          </Button>
        )}
      />
      {secret !== undefined && (
        <SecretOnce title={t.identity.secretCreated} secret={secret} onClose={() => setSecret(undefined)} />
      )}
    </>
  )
}
