// The face of this room: what other rooms may import.
export type { AwakeCompute, ComputeActivity } from './compute.ts'
export { Computes, type ComputesOptions, startComputes } from './computes.ts'
export type { AwakeBecause } from './idle-check.ts'
export type { EndpointSource, EndpointSpec, StateListener } from './ports.ts'
export type { ComputeState, SuspendReason } from './states.ts'
