// An endpoint is the address of a compute: a Postgres server that runs a branch.
import { z } from 'zod'
import { duration, resourceProblem, timestamp } from './fields.ts'

export const endpointType = z.enum(['ENDPOINT_TYPE_READ_WRITE', 'ENDPOINT_TYPE_READ_ONLY'])

/** Raw settings of the Postgres server; values as one would write them in postgresql.conf, without quotes. */
export const pgSettings = z.record(
  z.string().regex(/^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$/, 'expected the name of a Postgres setting'),
  z.string().refine((value) => !/[\0\n\r]/.test(value), 'a Postgres setting is one line'),
)

/** High availability: how many computes stand behind the endpoint. */
export const endpointGroup = z.object({
  min: z.int(),
  max: z.int(),
  enable_readable_secondaries: z.boolean().optional(),
})

export type EndpointGroup = z.output<typeof endpointGroup>

const computeSize = z.number('expected a number of compute units')

/** Sizes and suspension, as endpoints, new projects and their defaults have them. */
export const computeSettings = z.object({
  autoscaling_limit_min_cu: computeSize.optional(),
  autoscaling_limit_max_cu: computeSize.optional(),
  suspend_timeout_duration: duration.optional(),
  no_suspension: z.boolean().optional(),
})

export type ComputeSettings = z.output<typeof computeSettings>

export const endpointSpec = computeSettings.extend({
  endpoint_type: endpointType.optional(),
  disabled: z.boolean().optional(),
  settings: z.object({ pg_settings: pgSettings.optional() }).optional(),
  group: endpointGroup.optional(),
})

export type EndpointSpec = z.output<typeof endpointSpec>

export const endpointState = z.enum(['ACTIVE', 'DEGRADED', 'IDLE', 'INIT'])

const endpointStatus = computeSettings.omit({ no_suspension: true }).extend({
  endpoint_id: z.string(),
  endpoint_type: endpointType,
  current_state: endpointState,
  pending_state: endpointState.optional(),
  disabled: z.boolean(),
  settings: z.object({ pg_settings: pgSettings }).optional(),
  group: endpointGroup,
  last_active_time: timestamp.optional(),
  problem: resourceProblem.optional(),
  hosts: z.object({
    host: z.string(),
    read_only_host: z.string().optional(),
    read_only_pooled_host: z.string().optional(),
    read_write_pooled_host: z.string().optional(),
  }),
})

/** What Lakelet says beyond the service. */
const endpointExtras = z.object({
  /**
   * In the result of an update: how its settings reached the compute. `UNCHANGED`: Postgres has none of them; `RELOADED`: while it ran,
   * sessions went on; `RESTARTED`: sessions were ended; `AT_NEXT_START`: it sleeps.
   */
  settings_applied: z.enum(['UNCHANGED', 'RELOADED', 'RESTARTED', 'AT_NEXT_START']).optional(),
  /** The settings of Postgres that only a restart changes, where there was one. */
  restarted_for: z.array(z.string()).optional(),
})

/** The body of a create or an update. */
export const endpointInput = z.object({ spec: endpointSpec.optional() })

export const endpoint = z
  .object({
    name: z.string(),
    endpoint_id: z.string(),
    uid: z.string(),
    parent: z.string(),
    create_time: timestamp,
    update_time: timestamp,
    status: endpointStatus,
    lakelet: endpointExtras.optional(),
  })
  .meta({ id: 'Endpoint' })

export type Endpoint = z.output<typeof endpoint>

/** What keeps a compute awake beside its clients' traffic, as Postgres shows the session. */
const awakeBecause = z.object({
  pid: z.int(),
  kind: z.string(),
  role: z.string().optional(),
  database: z.string().optional(),
  application: z.string().optional(),
  state: z.string().optional(),
  since: timestamp.optional(),
  /** Why it cannot be parked, of a session that keeps the compute awake by that alone; as `park_refusal` of a session. */
  reason: z.string().optional(),
  /** What it runs, or ran last in its open transaction, cut at 1,000 characters: for who manages the project, and of one's own sessions. */
  query: z.string().optional(),
  /** Since when its transaction is open. */
  transaction_since: timestamp.optional(),
  /** The client behind it, as the gateway knows it; absent for a worker of Postgres. */
  session: z
    .object({
      session_id: z.string(),
      client_address: z.string(),
      /** When the client connected. */
      since: timestamp,
      pooled: z.boolean(),
    })
    .optional(),
})

/** How far the standby behind a read-only endpoint is. */
const replicaStatus = z.object({
  /** Whether it gets the log from the server of its branch at this moment; else it has what the archive has. */
  is_streaming: z.boolean(),
  replayed_lsn: z.string(),
  /** Log of its branch that it has not replayed. */
  lag_bytes: z.number(),
  /** How old its data is; 0 where it has all. */
  lag_ms: z.number(),
})

const computeState = z.enum(['idle', 'starting', 'active', 'stopping', 'failed'])

const computeRole = z.enum(['READ_WRITE', 'READ_ONLY', 'HOT_STANDBY'])

/** One compute of a group of high availability. */
const groupMember = z.object({
  compute_instance_id: z.string(),
  /** `HOT_STANDBY`: clients may not read from it. */
  role: computeRole,
  state: computeState,
  /** Since when it is in this state, in this run of the workspace. */
  since: timestamp,
  sessions: z.int(),
  /** Its size while it is awake, in CU. */
  size_cu: z.number().optional(),
  /** Of a secondary that is awake. */
  replica: replicaStatus.optional(),
  last_error: z.string().optional(),
})

/** What people want to know of the compute of an endpoint, and the official API does not say. */
export const computeActivity = z.object({
  state: computeState,
  /** It is to start, and waits for memory. */
  is_waiting: z.boolean().optional(),
  /** Since when it is in this state, in this run of the workspace. */
  since: timestamp,
  /** Its size while it is awake, in CU. */
  size_cu: z.number().optional(),
  sessions: z.int(),
  last_active_time: timestamp.optional(),
  awake_because: awakeBecause.optional(),
  /** Of a read-only endpoint that is awake. */
  replica: replicaStatus.optional(),
  /** The computes of an endpoint of high availability, its primary first; all else here is of that. */
  members: z.array(groupMember).optional(),
  last_suspend_reason: z.string().optional(),
  /** Why the last start failed, or the server ended by itself. */
  last_error: z.string().optional(),
})

export type ComputeActivityView = z.output<typeof computeActivity>

const cu = z.number()

/** A decision about the size of a compute, with all it was made from. CU; bytes. */
export const scalingDecision = z.object({
  time: timestamp,
  from_cu: cu,
  to_cu: cu,
  min_cu: cu,
  max_cu: cu,
  /** `no_signals`: nothing could be measured, so the size stays. `fixed`: there is no range. */
  reason: z.enum(['goal', 'limit', 'no_signals', 'fixed']),
  signals: z
    .object({
      load1: z.number(),
      load5: z.number(),
      /** Processes that ran or waited in each of the last two counts, 5 seconds apart. */
      sustained_load: z.number(),
      memory_bytes: z.number(),
      cached_bytes: z.number().optional(),
      working_set_bytes: z.number().optional(),
    })
    .optional(),
  /** What each signal asks for. */
  terms: z
    .object({
      cpu_cu: cu,
      memory_cu: cu,
      working_set_cu: cu.optional(),
      goal_cu: cu,
    })
    .optional(),
})

/** Why a compute has the size that it has: the last decisions, each with all that it was made from. CU; bytes. */
export const computeScaling = z.object({
  /** The size now; absent while it sleeps. */
  size_cu: cu.optional(),
  min_cu: cu,
  max_cu: cu,
  /** Whether this host holds computes to their size, and why not where it does not. */
  enforcement: z.object({
    cpu: z.enum(['enforced', 'advisory']),
    memory: z.enum(['enforced', 'soft', 'advisory']),
    why: z.string().optional(),
  }),
  /** The oldest first: changes of the size, then all of the last minutes. */
  decisions: z.array(scalingDecision),
})

export type ComputeScalingView = z.output<typeof computeScaling>

/** A client's session with an endpoint, as the gateway knows it; what it cannot know is left out. */
export const endpointSession = z.object({
  session_id: z.string(),
  role: z.string().optional(),
  database: z.string().optional(),
  application: z.string().optional(),
  client_address: z.string(),
  /** When the client connected. */
  since: timestamp,
  /**
   * `connecting`: it waits for the compute. `waiting`: it is in a pool and waits for a backend. `parked`: it is idle and has no backend,
   * its compute sleeps. `closing`: it ends.
   */
  state: z
    .enum(['connecting', 'idle', 'active', 'idle in transaction', 'waiting', 'parked', 'closing'])
    .optional(),
  /** Its backend, as in pg_stat_activity. */
  pid: z.int().optional(),
  /** How it named its endpoint: by the host name (`sni`), by an option, by its token, or not at all where there is only one. */
  route: z.enum(['sni', 'option', 'token', 'only']).optional(),
  /** What it showed: a token, or a password by SCRAM or in clear text inside TLS. */
  auth: z.enum(['token', 'scram', 'password']).optional(),
  /** How long it waited for its compute and its backend, in milliseconds. */
  connect_ms: z.int().optional(),
  /** Whether it is in a transaction pool: then it has a backend only while a transaction runs. */
  pooled: z.boolean(),
  /** In a pool: why it keeps its backend between transactions, such as `temporary` or `listen`. */
  pinned: z.string().optional(),
  /** What went through it since then, in bytes of the protocol. */
  bytes_from_client: z.int(),
  bytes_to_client: z.int(),
  /** Whether its backend could be taken away now without ending it, as far as is known: what it holds is looked at when its compute is to sleep. */
  can_park: z.boolean(),
  /** Why not: it is `connecting`, `active`, in a `transaction`, holds an `advisory_lock`, … All reasons: docs/parking.md. */
  park_refusal: z.string().optional(),
})

export type EndpointSessionView = z.output<typeof endpointSession>

/** What becomes of the idle sessions of an endpoint when its compute sleeps. */
export const endpointParking = z.object({
  /** `on`: they are parked, and go on with their next statement. `off`: they end with 57P01. */
  sessions: z.enum(['on', 'off']),
  /** Whether that is so because the workspace is configured so, and not said of this endpoint. */
  is_default: z.boolean(),
  /** How the workspace is configured. */
  default_sessions: z.enum(['on', 'off']),
  /** For how long one that cannot be parked keeps its compute awake, in seconds; then it ends with 57P01. */
  keep_awake_seconds: z.int(),
  /** How many sessions are parked now, and how much memory is kept for them, in bytes. */
  parked_sessions: z.int(),
  parked_bytes: z.int(),
  /** How much may be kept for the parked sessions of the workspace together. A session for which there is no room is not parked (`no_room`). */
  max_parked_bytes: z.int(),
})

export type EndpointParkingView = z.output<typeof endpointParking>

/** `default`: as it is configured for the workspace. */
export const endpointParkingInput = z.object({ sessions: z.enum(['on', 'off', 'default']) })

export type EndpointParkingInput = z.output<typeof endpointParkingInput>

/** A compute behind an endpoint: `primary`, and with high availability `secondary-1` to `secondary-3`. */
export const computeInstance = z.object({
  name: z.string(),
  compute_instance_id: z.string(),
  compute_host: z.string(),
  current_state: endpointState,
  pending_state: endpointState.optional(),
  role: computeRole,
})
