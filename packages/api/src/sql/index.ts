// Words of SQL, without schemas: the console takes this part of the contract into the browser.
export { finishedStatements, type Inside, splitStatements, type Statement } from './split.ts'
export { type CalledNames, calledNames } from './called-names.ts'
export type { SqlNotice } from '../resources/sql.ts'
