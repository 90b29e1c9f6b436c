import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isLakeletError } from './errors/lakelet-error.ts'
import { type MaskRules, parseUpdateMask } from './update-mask.ts'
import { branchUpdate, databaseUpdate, endpointUpdate, projectUpdate, roleUpdate } from './update-rules.ts'

/** What `work` returns; true when it refuses its input. */
function outcome(work: () => boolean): boolean {
  try {
    return work()
  } catch (error) {
    return isLakeletError(error, 'invalid_parameter')
  }
}

const fields = (mask: string | undefined, body: object, rules: MaskRules) => [
  ...parseUpdateMask(mask, body, rules),
]

describe('an update mask', () => {
  test('names single leaves', () => {
    const body = { spec: { display_name: 'a', custom_tags: [] } }
    expect(fields('spec.display_name', body, projectUpdate)).toEqual(['spec.display_name'])
  })

  test('of an inner field stands for the leaves below it that the body sets', () => {
    const body = { spec: { attributes: { createdb: false, bypassrls: true } } }
    expect(fields('spec.attributes', body, roleUpdate)).toEqual([
      'spec.attributes.createdb',
      'spec.attributes.bypassrls',
    ])
  })

  test('names a group by its name or by a member', () => {
    const body = { spec: { no_suspension: true } }
    for (const mask of ['spec.suspension', 'spec.no_suspension', 'spec.suspend_timeout_duration']) {
      expect(fields(mask, body, endpointUpdate)).toEqual(['spec.suspension'])
    }
    expect(fields('spec.expiration', { spec: { ttl: '60s' } }, branchUpdate)).toEqual(['spec.expiration'])
  })

  test.each([undefined, '', '*', 'spec'])('%s means all that the body sets', (mask) => {
    const body = { spec: { postgres_database: 'a' } }
    expect(fields(mask, body, databaseUpdate)).toEqual(['spec.postgres_database'])
  })

  test('spec with an empty body changes nothing', () => {
    expect(fields('spec', { spec: {} }, databaseUpdate)).toEqual([])
    expect(fields('spec', {}, databaseUpdate)).toEqual([])
  })

  test('tolerates camelCase, blanks, the name and what counts at creation only', () => {
    const body = { spec: { display_name: 'a', enable_pg_native_login: true } }
    expect(fields('spec.displayName, spec.enablePgNativeLogin', body, projectUpdate).toSorted()).toEqual([
      'spec.display_name',
      'spec.enable_pg_native_login',
    ])
    const terraform = 'initial_branch_spec,initial_endpoint_spec,spec,name'
    expect(fields(terraform, body, projectUpdate)).toHaveLength(2)
    expect(
      fields(
        'spec.project_default_settings.suspension',
        { spec: { default_endpoint_settings: { no_suspension: true } } },
        projectUpdate,
      ),
    ).toEqual(['spec.default_endpoint_settings.suspension'])
  })

  test.each([
    ['spec.display_name', { spec: {} }],
    ['spec.nothing', { spec: { nothing: 1 } }],
    ['status.owner', { status: { owner: 'x' } }],
    ['spec.display_name.inner', { spec: { display_name: 'a' } }],
    ['__proto__', {}],
    ['spec.constructor', { spec: {} }],
  ])('%s is refused for %j', (mask, body) => {
    expect(() => parseUpdateMask(mask, body, projectUpdate)).toThrow('update_mask')
  })

  test('any text and any body give known fields or a refusal', () => {
    const rules = [projectUpdate, branchUpdate, endpointUpdate, databaseUpdate, roleUpdate]
    const leaf = fc.constantFrom(
      ...rules.flatMap((each: MaskRules) => [...each.leaves, ...Object.keys(each.groups ?? {})]),
    )
    const mask = fc.oneof(
      fc.string(),
      fc.array(fc.oneof(leaf, fc.string(), fc.constantFrom('*', 'spec', 'name'))).map((all) => all.join(',')),
    )
    const body = fc.object({ key: fc.constantFrom('spec', 'attributes', 'ttl', 'display_name', '__proto__') })
    fc.assert(
      fc.property(mask, body, fc.constantFrom<MaskRules>(...rules), (text, value, each) => {
        const known = [...each.leaves, ...Object.keys(each.groups ?? {})]
        expect(
          outcome(() => [...parseUpdateMask(text, value, each)].every((field) => known.includes(field))),
        ).toBe(true)
      }),
    )
  })
})
