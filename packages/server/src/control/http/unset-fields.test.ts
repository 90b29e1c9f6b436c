import { endpointRoutes, projectRoutes, roleRoutes } from '@lakelet/api'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { withoutUnset } from './unset-fields.ts'

const endpointInput = endpointRoutes.updateEndpoint.body
const projectInput = projectRoutes.updateProject.body
const roleInput = roleRoutes.updateRole.body

it.each([
  ['an enum', endpointInput, { spec: { endpoint_type: '', disabled: true } }, { spec: { disabled: true } }],
  ['a duration', endpointInput, { spec: { suspend_timeout_duration: '' } }, { spec: {} }],
  ['null', projectInput, { spec: null, initial_branch_spec: null }, {}],
  [
    'an empty text that is a value',
    projectInput,
    { spec: { budget_policy_id: '' } },
    { spec: { budget_policy_id: '' } },
  ],
  ['a required field', z.object({ name: z.string().min(1) }), { name: '' }, { name: '' }],
  [
    'zero and false',
    endpointInput,
    { spec: { disabled: false, autoscaling_limit_min_cu: 0 } },
    { spec: { disabled: false, autoscaling_limit_min_cu: 0 } },
  ],
  ['unknown fields', roleInput, { spec: { other: '' }, etag: '' }, { spec: { other: '' }, etag: '' }],
  [
    'inside a list',
    z.object({ of: z.array(z.object({ kind: z.enum(['A']).optional() })) }),
    { of: [{ kind: '' }] },
    { of: [{}] },
  ],
  ['what is no object', endpointInput, 'text', 'text'],
])('%s', (_, schema, sent, meant) => {
  expect(withoutUnset(schema, sent)).toEqual(meant)
})
