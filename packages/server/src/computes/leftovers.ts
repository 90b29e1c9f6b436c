// What an earlier run of the workspace left running.
import type { Logger } from '../base/log.ts'
import { settingsAt } from './compute-server.ts'
import type { RunningServer, ServerDriver } from './drivers/driver.ts'
import type { EndpointSource, EndpointSpec, ReplicaStore } from './ports.ts'

interface Parts {
  readonly driver: ServerDriver
  readonly endpoints: EndpointSource
  readonly log: Logger
}

interface LeftRunning {
  readonly spec: EndpointSpec
  readonly server: RunningServer
}

/** The servers of read-write endpoints that can be gone on with. */
export async function findRunning({ endpoints, driver, log }: Parts): Promise<LeftRunning[]> {
  const adoptOne = async (spec: EndpointSpec): Promise<LeftRunning[]> => {
    const { uid: endpointUid, dataDirectory, major, minCu } = spec
    const settings = settingsAt(spec, minCu)
    try {
      const server = await driver.adopt({ endpointUid, dataDirectory, major, settings })
      if (server) log.info({ endpoint: endpointUid }, 'went on with a Postgres of an earlier run')
      return server ? [{ spec, server }] : []
    } catch (error) {
      log.warn(
        { err: error, endpoint: endpointUid },
        'a Postgres of an earlier run could not be gone on with',
      )
      return []
    }
  }
  const all = (await endpoints.list?.()) ?? []
  // A replica is made sure of by its start only.
  const found = await Promise.all(all.filter(({ follows, disabled }) => !follows && !disabled).map(adoptOne))
  return found.flat()
}

/** Stops what an earlier run left of replicas, and removes the files of those that are gone. */
export async function sweepReplicas(
  replicas: ReplicaStore,
  { driver, endpoints, log }: Parts,
): Promise<void> {
  const sweepOne = async (uid: string) => {
    if (await driver.stopLeftover(replicas.dataDirectory(uid)))
      log.warn({ replica: uid }, 'stopped a Postgres of an earlier run')
    if (!(await endpoints.load(uid))) await replicas.remove(uid)
  }
  await Promise.all((await replicas.list()).map(sweepOne))
}
