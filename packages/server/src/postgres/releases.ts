// The releases of Postgres that Lakelet runs, one row a major version. A new one is a row here, its package in package.json, and a
// settings catalog of its own (`settings-catalog/<major>.json`).

export interface PostgresRelease {
  readonly major: number
  /** Options of `initdb` by which a cluster has UTF-8, and a collation that does not depend on the machine. */
  readonly localeOptions: readonly string[]
}

/** Since Postgres 17 the provider `builtin` brings C.UTF-8 with it and needs nothing of the machine. */
const BUILTIN_LOCALE = ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'] as const

const RELEASES: readonly PostgresRelease[] = [{ major: 17, localeOptions: BUILTIN_LOCALE }]

/** What a project gets when it does not say. */
export const DEFAULT_MAJOR = 17

/** Every major version that a project may have. */
export const OFFERED_MAJORS: readonly number[] = RELEASES.map(({ major }) => major)

export function findRelease(major: number): PostgresRelease | undefined {
  return RELEASES.find((each) => each.major === major)
}
