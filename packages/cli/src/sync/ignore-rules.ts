// What the ways to know what git ignores have in common.

export type Environment = Readonly<Record<string, string | undefined>>

/** Answers as `git check-ignore` does, for one folder and everything below it. */
export interface IgnoreRules {
  /** Names that are ignored. Names are relative to the folder, with `/`; those of folders end in `/`. Parents are asked before children. */
  ignored(names: readonly string[]): Promise<ReadonlySet<string>>
}
