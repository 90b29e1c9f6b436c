import { useRead } from '../../api/queries.ts'
import { t } from '../../text/index.ts'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { IdentityList } from './IdentityList.tsx'

export function GroupsPage() {
  const { data, error } = useRead('scim.listGroups', {})
  return (
    <IdentityList
      kind="Group"
      title={t.identity.groups}
      intro={t.identity.groupsIntro}
      add={t.identity.addGroup}
      label={t.identity.groupName}
      resourceOf={(displayName) => ({ displayName })}
      rows={data?.Resources}
      error={error}
      columns={[
        {
          key: 'name',
          title: t.identity.groupName,
          cell: ({ displayName }) => <ForeignText text={displayName} />,
        },
        {
          key: 'members',
          title: t.identity.members,
          cell: ({ members = [] }) => (
            <ForeignText text={members.map((each) => each.display ?? each.value).join(', ')} />
          ),
        },
      ]}
    />
  )
}
