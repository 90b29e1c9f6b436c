import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'
import { allRoutes, routeGroups } from '../packages/api/src/index.ts'
import { readAnswers, uncalledRoutes } from './endpoint-coverage.ts'

const { getProject } = routeGroups.projects
const name = `${getProject.method} ${getProject.path}`

it('counts a route that was answered with success, and no other', () => {
  const answer = (status: number) => [{ method: getProject.method, route: getProject.path, status }]
  expect(uncalledRoutes([])).toHaveLength(allRoutes.length)
  expect(uncalledRoutes(answer(404))).toContain(name)
  expect(uncalledRoutes(answer(200))).not.toContain(name)
})

it('counts the refusal of a route that exists to refuse', () => {
  const [route] = Object.values(routeGroups.refused)
  const answer = { method: route?.method ?? '', route: route?.path ?? '', status: 400 }
  expect(uncalledRoutes([answer])).toHaveLength(allRoutes.length - 1)
  expect(uncalledRoutes([{ ...answer, status: 401 }])).toHaveLength(allRoutes.length)
})

it('reads what several processes noted', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'lakelet-calls-'))
  writeFileSync(path.join(directory, '1-0'), 'GET /a 200\n')
  writeFileSync(path.join(directory, '2-0'), 'GET /b 404\nPOST /c 200\n')
  expect(readAnswers(directory).map(({ route }) => route)).toEqual(['/a', '/b', '/c'])
  rmSync(directory, { recursive: true })
})
