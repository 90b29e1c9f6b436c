// A server that is killed in the middle of an operation: `crash-child.ts <data directory> <number of the scenario>`.
import { actUntilKilled, crashScenarios } from './crash-scenarios.ts'
import { startControlWorkspace } from './control-workspace.ts'

const [dataDir = '', which = ''] = process.argv.slice(2)
const scenario = crashScenarios[Number(which)]
if (!scenario) throw new Error(`there is no scenario ${which}`)
await using workspace = await startControlWorkspace({ dataDir, failpoint: scenario.failpoint })
await scenario.prepare?.(workspace.client)
await actUntilKilled(workspace.client, scenario)
