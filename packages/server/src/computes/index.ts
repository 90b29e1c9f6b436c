// The face of this room: what other rooms may import.
export { Admission, type AdmissionStatus } from './admission/admission.ts'
export { type Computes, startComputes } from './computes.ts'
export type { ScalingRecord } from './scaling/goal.ts'
export type { SettingsApplied } from './apply-settings.ts'
export { loginNotes } from './login-notes.ts'
export type { BackendAddress, ServerDriver } from './drivers/driver.ts'
export { localDriver } from './drivers/local.ts'
export type {
  CatalogObserver,
  ComputeObserver,
  EndpointSource,
  EndpointSpec,
  ParkResult,
  RefusedSession,
  SessionHolder,
} from './ports.ts'
export { type AskedMove, type ComputeState, shownState } from './machine.ts'
export type { ReplicaLag } from './replicas/replica.ts'
export type { AwakeBecause } from './idle-check.ts'
