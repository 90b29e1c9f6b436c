// Roles and databases are changed through the read-write endpoint of their branch, whose state decides.
import { type EndpointSubject, endpointActions } from './endpoint.ts'
import type { ActionTable } from './table.ts'

const throughEndpoint = endpointActions.change_catalog

export const roleActions = {
  create: throughEndpoint,
  update: throughEndpoint,
  delete: throughEndpoint,
} as const satisfies ActionTable<EndpointSubject>

export const databaseActions = {
  create: throughEndpoint,
  update: throughEndpoint,
  delete: throughEndpoint,
} as const satisfies ActionTable<EndpointSubject>
