import { useState } from 'react'
import type { Role } from '@lakelet/api'
import { databaseActions, roleActions } from '@lakelet/api/actions'
import { useRead } from '../../api/queries.ts'
import { useParam, useSearchValue } from '../../shell/params.ts'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { Notice, Page, Section, Skeleton } from '../../ui/page.tsx'
import { type Column, ResourceTable } from '../../ui/resource-table.tsx'
import { useCompute } from '../computes/use-compute.ts'
import { useEndpointReasons } from '../computes/use-reasons.ts'
import { AddRole } from './AddRole.tsx'
import { ChangeRole, DropRole } from './ChangeRole.tsx'
import { Databases } from './Databases.tsx'

export function RolesPage() {
  const params = { project: useParam('project'), branch: useParam('branch') }
  const { endpoint, isAwake } = useCompute(params)
  const roleReason = useEndpointReasons(roleActions, endpoint, params)
  const databaseReason = useEndpointReasons(databaseActions, endpoint, params)
  const [dialog, setDialog] = useSearchValue('new')
  return (
    <Page
      title={t.roles.title}
      intro={t.roles.intro}
      actions={
        <Button variant="primary" disabledReason={roleReason('create')} onClick={() => setDialog('role')}>
          {t.roles.add}
        </Button>
      }
    >
      {endpoint && !isAwake && <Notice>{t.roles.asKnown}</Notice>}
      <Roles params={params} reasonFor={roleReason} />
      <Databases params={params} reasonFor={databaseReason} />
      {dialog === 'role' && <AddRole params={params} onClose={() => setDialog(undefined)} />}
    </Page>
  )
}

interface BranchParams {
  readonly project: string
  readonly branch: string
}

interface RolesProps {
  readonly params: BranchParams
  /** Why an action cannot be taken now. */
  readonly reasonFor: (action: keyof typeof roleActions) => string | undefined
}

function Roles({ params, reasonFor }: RolesProps) {
  const { data, error, refetch } = useRead('postgres.listRoles', { params })
  const [dropping, setDropping] = useState<Role>()
  const [changing, setChanging] = useState<Role>()
  if (error) return <ErrorPanel error={error} onRetry={() => void refetch()} />
  if (!data) return <Skeleton />
  return (
    <Section title={t.roles.roles}>
      <ResourceTable
        label={t.roles.roles}
        rows={data.roles ?? []}
        rowKey={({ name }) => name}
        textOf={({ status }) => status.postgres_role}
        empty={null}
        columns={columns()}
        actions={(role) => (
          <span className="flex justify-end gap-1">
            <Button
              variant="quiet"
              disabledReason={reasonFor('update')}
              aria-label={`${t.roles.change}: ${role.status.postgres_role}`}
              onClick={() => setChanging(role)}
            >
              {t.roles.change}
            </Button>
            <Button
              variant="quiet"
              disabledReason={reasonFor('delete')}
              aria-label={`${t.common.delete}: ${role.status.postgres_role}`}
              onClick={() => setDropping(role)}
            >
              {t.common.delete}
            </Button>
          </span>
        )}
      />
      {changing && <ChangeRole params={params} role={changing} onClose={() => setChanging(undefined)} />}
      {dropping && (
        <DropRole
          params={params}
          role={dropping}
          others={(data.roles ?? []).filter((each) => each !== dropping)}
          onClose={() => setDropping(undefined)}
        />
      )}
    </Section>
  )
}

function columns(): readonly Column<Role>[] {
  return [
    {
      key: 'name',
      title: t.roles.name,
      cell: ({ status }) => <ForeignText text={status.postgres_role} />,
    },
    { key: 'kind', title: t.roles.kind, cell: ({ status }) => t.roles.kinds[status.auth_method] },
    {
      key: 'identity',
      title: t.roles.identity,
      isMinor: true,
      cell: ({ status }) => t.roles.identities[status.identity_type],
    },
    {
      key: 'attributes',
      title: t.roles.attributes,
      isMinor: true,
      cell: (role) => <bdi>{attributesOf(role)}</bdi>,
    },
  ]
}

function attributesOf({ status }: Role): string {
  const { attributes, membership_roles: memberships = [] } = status
  const words = Object.entries(attributes)
    .filter(([, isSet]) => isSet)
    .map(([name]) => name)
  return [...memberships.map((each) => each.toLowerCase()), ...words].join(', ')
}
