import { useRead } from '../../api/queries.ts'
import { t } from '../../text/index.ts'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { IdentityList } from './IdentityList.tsx'

export function UsersPage() {
  const { data, error } = useRead('scim.listUsers', {})
  return (
    <IdentityList
      kind="User"
      title={t.identity.users}
      intro={t.identity.usersIntro}
      add={t.identity.addUser}
      label={t.identity.email}
      resourceOf={(userName) => ({ userName })}
      rows={data?.Resources}
      error={error}
      columns={[
        { key: 'email', title: t.identity.email, cell: ({ userName }) => <ForeignText text={userName} /> },
        {
          key: 'name',
          title: t.identity.displayName,
          isMinor: true,
          cell: ({ displayName, active }) => (
            <>
              <ForeignText text={displayName} />
              {!active && <span className="text-dim"> · {t.identity.inactive}</span>}
            </>
          ),
        },
        {
          key: 'groups',
          title: t.identity.groups,
          cell: ({ groups = [] }) => (
            <ForeignText text={groups.map((each) => each.display ?? '').join(', ')} />
          ),
        },
      ]}
    />
  )
}
