import packageFile from '../../package.json' with { type: 'json' }

/** The version of Lakelet. */
export const VERSION: string = packageFile.version
