// The state-action tables alone: a page in a browser reads them without the schemas of the whole contract.
export { appActions, type AppSubject, appSubject } from './app.ts'
export { branchActions, type BranchSubject, branchSubject } from './branch.ts'
export { databaseActions, roleActions } from './catalog.ts'
export { endpointActions, type EndpointSubject, endpointSubject } from './endpoint.ts'
export { projectActions, type ProjectSubject, projectSubject } from './project.ts'
export { type ActionTable, type Condition, refusalOf, requireAction } from './table.ts'
