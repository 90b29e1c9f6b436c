// All kinds of operation on apps. They alone write the rows of apps and deployments; each step is fit to be repeated.
import type { OperationKind } from '../operations/operation-kind.ts'
import { type CreateApp, createKind, type CreateParts } from './create-operation.ts'
import { type DeleteApp, deleteKind, type DeleteParts } from './delete-operation.ts'
import { type DeployApp, deployKind, type DeployParts } from './deploy-operation.ts'
import { type NamedApp, type RunParts, startKind, stopKind } from './run-operations.ts'
import { type UpdateApp, updateKind, type UpdateParts } from './update-operation.ts'

export interface AppOperations {
  readonly create: OperationKind<CreateApp>
  readonly update: OperationKind<UpdateApp>
  readonly deploy: OperationKind<DeployApp>
  readonly start: OperationKind<NamedApp>
  readonly stop: OperationKind<NamedApp>
  readonly delete: OperationKind<DeleteApp>
}

export type AppOperationsParts = CreateParts & UpdateParts & DeployParts & RunParts & DeleteParts

export function appOperations(parts: AppOperationsParts): AppOperations {
  return {
    create: createKind(parts),
    update: updateKind(parts),
    deploy: deployKind(parts),
    start: startKind(parts),
    stop: stopKind(parts),
    delete: deleteKind(parts),
  }
}
