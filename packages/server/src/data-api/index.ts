export { DataApiDatabases } from './databases.ts'
export { dataApiUrl, mountDataApi } from './mount.ts'
export type { DataApiCaller, DataApiDirectory } from './ports.ts'
