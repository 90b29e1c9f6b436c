// What may change in a workspace, by name. A stream of changes carries these names and nothing else: whoever is told that a topic changed reads
// again what it shows, with its own rights.
import { z } from 'zod'

/** The topics of `GET /api/2.0/lakelet/changes`: one for each kind of resource, and `computes` and `sessions` for what is not stored. */
export const CHANGE_TOPICS = [
  'projects',
  'branches',
  'snapshots',
  'endpoints',
  'roles',
  'databases',
  'operations',
  'computes',
  'sessions',
  'apps',
  'deployments',
  'files',
  'principals',
  'permissions',
  'tokens',
] as const

export type ChangeTopic = (typeof CHANGE_TOPICS)[number]

/**
 * The data of one server-sent event. Event `changed`: something of these topics changed since the event before. Event `reset`, the first of every
 * stream that does not go on where an earlier one ended (`Last-Event-ID`): anything may have changed; its topics are all there are.
 */
export const changeEvent = z.object({ topics: z.array(z.string()) }).meta({ id: 'ChangeEvent' })

export type ChangeEvent = z.output<typeof changeEvent>
