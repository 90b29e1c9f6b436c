import { appsRoutes } from '@lakelet/api'
import { type ImplementedRoute, implementRoutes } from '../http/implementation.ts'
import type { AppDeploymentsService } from '../services/app-deployments.ts'
import type { AppThumbnailsService } from '../services/app-thumbnails.ts'
import type { AppsService } from '../services/apps.ts'

const LINES = 200

/** Handlers of `/api/2.0/apps/…` and of Lakelet's additions to it. */
export function implementApps(
  service: AppsService,
  deployments: AppDeploymentsService,
  thumbnails: AppThumbnailsService,
): ImplementedRoute[] {
  return implementRoutes(appsRoutes, {
    create: ({ caller, query, body }) =>
      service.create(caller, { body, hasCompute: !query.no_compute, template: query.template }),
    list: ({ caller, query }) => service.list(caller, query),
    get: ({ caller, params }) => service.get(caller, params.name),
    update: ({ caller, params, body }) => service.update(caller, params.name, body),
    delete: ({ params }) => service.delete(params.name),
    start: ({ caller, params }) => service.start(caller, params.name),
    stop: ({ caller, params }) => service.stop(caller, params.name),
    createDeployment: ({ caller, params, body }) => deployments.deploy(caller, params.name, body),
    listDeployments: ({ caller, params, query }) => deployments.list(caller, params.name, query),
    getDeployment: ({ caller, params }) => deployments.get(caller, params.name, params.deployment_id),
    createUpdate: ({ caller, params, body }) =>
      service.createUpdate(caller, params.name, body.app ?? {}, body.update_mask),
    getUpdate: ({ params }) => service.getUpdate(params.name),
    updateThumbnail: ({ params, body }) => thumbnails.put(params.name, body.app_thumbnail?.thumbnail),
    deleteThumbnail: async ({ params }) => {
      await thumbnails.delete(params.name)
      return {}
    },
    getThumbnail: ({ params }) => thumbnails.get(params.name),
    rollBack: ({ caller, params }) => deployments.rollBack(caller, params.name, params.deployment_id),
    listTemplates: async () => ({ templates: await service.listTemplates() }),
    getLogs: async ({ params, query }) => ({
      lines: await service.logs(params.name, query.tail_lines ?? LINES),
    }),
    getDeploymentLog: async ({ params }) => ({
      log: await deployments.log(params.name, params.deployment_id),
    }),
    getIsolation: ({ params }) => service.isolation(params.name),
    getEnvironment: async ({ params }) => ({ variables: await service.environment(params.name) }),
  })
}
