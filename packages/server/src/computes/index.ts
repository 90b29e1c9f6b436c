// The face of this room: what other rooms may import.
export { type Computes, startComputes } from './computes.ts'
export type { SettingsApplied } from './apply-settings.ts'
export type { CatalogObserver, EndpointSpec } from './ports.ts'
export type { ComputeState } from './states.ts'
