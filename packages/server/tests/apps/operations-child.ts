// A workspace with apps that kills itself in the middle of an operation: `operations-child.ts <data directory> <failpoint>`.
import { startAppsApi } from './apps-api.ts'
import { act, failpointSpec } from './operations-scenarios.ts'

const [directory = '', failpoint = ''] = process.argv.slice(2)
const api = await startAppsApi({ directory, failpoint: failpointSpec(failpoint) })
await act(api, failpoint)
// A deletion goes on after its answer.
await new Promise((resolve) => setTimeout(resolve, 20_000))
