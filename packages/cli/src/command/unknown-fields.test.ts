import { appsRoutes, branchRoutes, permissionRoutes, projectRoutes, type RouteDefinition } from '@lakelet/api'
import { expect, it } from 'vitest'
import { unknownFields } from './unknown-fields.ts'

it.each<[string, RouteDefinition, object, (readonly [string, string | undefined])[]]>([
  [
    'below, misspelled or in another case',
    branchRoutes.createBranch,
    { spec: { tttl: '1s', sourceBranch: 'x', is_protected: true } },
    [
      ['spec.tttl', 'spec.ttl'],
      ['spec.sourceBranch', 'spec.source_branch'],
    ],
  ],
  ['without a name like it', branchRoutes.createBranch, { zz: 2 }, [['zz', undefined]]],
  [
    'in lists, not in maps',
    projectRoutes.createProject,
    {
      spec: {
        default_endpoint_settings: { pg_settings: { any: '1' } },
        custom_tags: [{ key: 'a', valu: 'b' }],
      },
    },
    [['spec.custom_tags.0.valu', 'spec.custom_tags.0.value']],
  ],
  [
    'not in what is stored as it was sent',
    appsRoutes.create,
    { name: 'a', resources: [{ name: 'a', postgres: { brnch: 'x' }, job: { id: 1 } }] },
    [['resources.0.postgres.brnch', 'resources.0.postgres.branch']],
  ],
  [
    'in an access control list',
    permissionRoutes.update,
    { access_control_list: [{ user_nam: 'me' }] },
    [['access_control_list.0.user_nam', 'access_control_list.0.user_name']],
  ],
  [
    'not for what the resource has when it is read',
    branchRoutes.updateBranch,
    { name: 'projects/p/branches/b', uid: 'x', status: { default: true }, spec: {} },
    [],
  ],
])('finds unknown fields: %s', (_, route, body, expected) => {
  expect(unknownFields(route, body).map(({ field, meant }) => [field, meant])).toEqual(expected)
})
