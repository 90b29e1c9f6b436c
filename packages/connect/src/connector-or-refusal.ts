import type { Connector } from './connector-types.ts'
import { refusedConnector } from './connector.ts'
import { LakebaseError } from './errors.ts'

/**
 * The connector that `make` gives, or, when the options or the environment contradict themselves, one whose every connection fails with what
 * `make` said. Pools are made when a module is loaded, where a build without the variables of the app must not fail.
 */
export function connectorOrRefusal(make: () => Connector): Connector {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof LakebaseError)) throw error
    return refusedConnector(error)
  }
}
