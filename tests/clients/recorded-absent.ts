// Calls on services that a local workspace does not have: lists are empty, what would make something is refused by name, and what no route
// answers is not found there.
import { absentServicePaths } from '@lakelet/api'
import type { RecordedCall } from './recorded-call.ts'

const empty = (area: string, path: string): RecordedCall => ({
  area,
  call: `GET ${path}`,
  status: 200,
  reply: {},
  witness: 'client',
  note: 'always empty',
})

const refused = (area: string, call: string): RecordedCall => ({
  area,
  call,
  body: {},
  status: 400,
  reply: { error_code: 'FEATURE_DISABLED', message: new RegExp(area) },
  witness: 'lakelet',
  note: 'not part of a local workspace',
})

const missing = (area: string, path: string): RecordedCall => ({
  area,
  call: `GET ${path}`,
  status: 404,
  reply: { error_code: 'RESOURCE_DOES_NOT_EXIST', message: new RegExp(area) },
  witness: 'lakelet',
  note: 'nothing can be there',
})

const noMetastore = (path: string): RecordedCall => ({
  area: 'Unity Catalog',
  call: `GET /api/2.1/unity-catalog/${path}`,
  status: 404,
  reply: { error_code: 'METASTORE_DOES_NOT_EXIST' },
  witness: 'client',
})

export const absentCalls: readonly RecordedCall[] = [
  ...absentServicePaths.flatMap(({ feature, lists, writes }) => {
    // What stands in brackets says what to use instead.
    const area = feature.replace(/ \(.*/, '')
    return [...lists.map((path) => empty(area, path)), ...writes.map((path) => refused(area, `POST ${path}`))]
  }),
  empty('provisioned database instances', '/api/2.0/database/instances'),
  {
    ...refused('provisioned database instances', 'POST /api/2.0/database/credentials'),
    reply: { error_code: 'FEATURE_DISABLED', message: /projects of \/api\/2.0\/postgres/ },
  },
  refused('jobs', 'POST /api/2.2/jobs/delete'),
  missing('jobs', '/api/2.2/jobs/get?job_id=1'),
  missing('clusters', '/api/2.1/clusters/get?cluster_id=1'),
  missing('pipelines', '/api/2.0/pipelines/1'),
  missing('SQL warehouses', '/api/2.0/sql/warehouses/1'),
  missing('Unity Catalog', '/api/2.1/unity-catalog/catalogs/main'),
  refused('Unity Catalog', 'PATCH /api/2.1/unity-catalog/catalogs/main'),
  missing('volumes', '/api/2.0/fs/directories/Volumes/main/default/files'),
  refused('volumes', 'PUT /api/2.0/fs/files/Volumes/main/default/files/a.txt'),
  refused('DBFS', 'POST /api/2.0/dbfs/delete'),
  missing('model serving', '/api/2.0/serving-endpoints/mine'),
  noMetastore('current-metastore-assignment'),
  noMetastore('metastore_summary'),
]
