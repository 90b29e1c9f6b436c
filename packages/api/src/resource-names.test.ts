import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  branchName,
  databaseName,
  endpointName,
  parseResourceName,
  projectName,
  roleName,
} from './resource-names.ts'

const id = fc.stringMatching(/^[a-z][a-z0-9-]{0,62}$/)

test('a name is read back as it was written', () => {
  fc.assert(
    fc.property(id, id, id, (project, branch, leaf) => {
      expect(parseResourceName(projectName(project))).toEqual({ type: 'project', project })
      expect(parseResourceName(branchName(project, branch))).toEqual({ type: 'branch', project, branch })
      const below = { project, branch, leaf }
      expect(parseResourceName(endpointName(project, branch, leaf))).toEqual({ type: 'endpoint', ...below })
      expect(parseResourceName(databaseName(project, branch, leaf))).toEqual({ type: 'database', ...below })
      expect(parseResourceName(roleName(project, branch, leaf))).toEqual({ type: 'role', ...below })
    }),
  )
})

test.each([
  '',
  'projects',
  'projects/',
  'project/p',
  'projects/p/',
  'projects/p/branches',
  'projects/p/branches/',
  'projects/p/branches/b/',
  'projects/p/branches/b/endpoints',
  'projects/p/branches/b/toString/x',
  'projects/p/branches/b/endpoints/e/more',
])('%j is no name', (name) => {
  expect(parseResourceName(name)).toBeUndefined()
})

test('any text is a name or not, without a fault', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const parsed = parseResourceName(text)
      expect(parsed === undefined || parsed.project !== '').toBe(true)
    }),
  )
})
