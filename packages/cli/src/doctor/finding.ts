/** What one look at the host or the workspace found. */
export interface Finding {
  /** Short and fixed, for scripts. */
  readonly check: string
  /** `problem`: something does not work. `note`: it works, but slower or with less than elsewhere. */
  readonly state: 'ok' | 'note' | 'problem'
  readonly found: string
  /** Why it matters; absent where all is well. */
  readonly why?: string
  readonly todo?: string
}

export function ok(check: string, found: string): Finding {
  return { check, state: 'ok', found }
}

export function note(check: string, found: string, why: string, todo: string): Finding {
  return { check, state: 'note', found, why, todo }
}

export function problem(check: string, found: string, why: string, todo: string): Finding {
  return { check, state: 'problem', found, why, todo }
}
