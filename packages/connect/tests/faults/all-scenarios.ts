import { connectionScenarios } from './connections.ts'
import { credentialScenarios } from './credentials.ts'
import { processScenarios } from './processes.ts'
import type { Scenario } from './scenario.ts'
import { securityScenarios } from './security.ts'
import { wakingScenarios } from './waking.ts'

const number = (scenario: Scenario) => Number(scenario.id.slice(1))

/** The fault table, in its order. */
export const scenarios: readonly Scenario[] = [
  ...credentialScenarios,
  ...wakingScenarios,
  ...connectionScenarios,
  ...securityScenarios,
  ...processScenarios,
].sort((left, right) => number(left) - number(right))
