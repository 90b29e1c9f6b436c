import {
  emptyRoutes,
  emptyServiceRoutes,
  metastoreRoutes,
  type MissingRoute,
  missingRoutes,
  platformRoutes,
  type RefusedRoute,
  refusedRoutes,
  refusedServiceRoutes,
  type RouteDefinition,
} from '@lakelet/api'
import { LakeletError } from '../../base/errors.ts'
import type { Metadata } from '../../metadata/database.ts'
import { type ImplementedRoute, implementRoutes } from '../http/implementation.ts'
import { liveBranch, liveProject, notFound } from '../rules/resolve.ts'

/** An empty list may be an empty object. The cast is for the type that also covers raw replies, which these routes do not have. */
const NOTHING = {} as Uint8Array

/** Parts of the API that a workspace does not have; what is above them in the path is still looked for first. */
export function implementAbsentFeatures(metadata: Metadata): ImplementedRoute[] {
  const refuse = (route: RefusedRoute): ImplementedRoute => ({
    route,
    async handle({ params }) {
      await requireParents(metadata, params)
      throw new LakeletError(route.refusal.code, { feature: route.refusal.feature })
    },
  })
  const answerEmpty = (route: RouteDefinition): ImplementedRoute => ({
    route,
    async handle({ params }) {
      await requireParents(metadata, params)
      return NOTHING
    },
  })
  const answerMissing = (route: MissingRoute): ImplementedRoute => ({
    route,
    async handle({ params }) {
      await requireParents(metadata, params)
      throw notFound(route.missingType)
    },
  })
  return [
    ...Object.values({ ...refusedRoutes, ...refusedServiceRoutes }).map(refuse),
    ...Object.values({ ...emptyRoutes, ...emptyServiceRoutes }).map(answerEmpty),
    ...Object.values(missingRoutes).map(answerMissing),
    ...implementRoutes(metastoreRoutes, {
      getSummary() {
        throw new LakeletError('metastore_missing')
      },
      getAssignment() {
        throw new LakeletError('metastore_missing')
      },
    }),
    ...implementRoutes(platformRoutes, {
      sendTelemetry: ({ body }) => ({ errors: [], numProtoSuccess: body.protoLogs?.length ?? 0 }),
    }),
  ]
}

async function requireParents(
  { db }: Metadata,
  { project, branch }: { readonly project?: string; readonly branch?: string },
): Promise<void> {
  if (project === undefined) return
  if (branch === undefined) await liveProject(db, project)
  else await liveBranch(db, { project, branch })
}
