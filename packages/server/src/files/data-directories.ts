// The data directory of a workspace among the files of an app: uploaded by mistake, it holds keys, tokens and whole databases, and no
// deployment may hand them to an app.

/** The file that lies in every data directory, and those of which one lies beside it. */
const LOCK = 'lock'
const COMPANIONS: readonly string[] = ['metadata.sqlite', 'lock.pid', 'databrickscfg']

/** The folders below the top that are data directories, by the names of all files below it. Names are relative, with `/`. */
export function dataDirectoriesAmong(names: ReadonlySet<string>): string[] {
  return [...names]
    .filter((name) => name.endsWith(`/${LOCK}`))
    .map((name) => name.slice(0, -LOCK.length))
    .filter((folder) => COMPANIONS.some((each) => names.has(`${folder}${each}`)))
}
