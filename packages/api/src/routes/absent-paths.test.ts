import { expect, it } from 'vitest'
import { absentFeatureAt } from './absent-paths.ts'

it.each([
  ['/api/2.2/jobs/get', 'jobs'],
  ['/api/2.1/unity-catalog/catalogs/main', 'Unity Catalog'],
  ['/api/2.0/fs/files/Volumes/a/b/c/d.txt', 'volumes'],
  ['/api/2.0/repos', 'Git folders'],
  ['/api/2.0/repos/12', 'Git folders'],
  ['/api/2.0/reposting', undefined],
  ['/api/2.0/postgres/projects', undefined],
  ['/api/2.0/nonsense', undefined],
  ['/jobs/list', undefined],
])('%s is a place of %s', (path, feature) => {
  expect(absentFeatureAt(path)).toBe(feature)
})
