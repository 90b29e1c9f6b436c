// A small disk of its own for a workspace: a file system in a file, mounted through a loop device. Mounting needs root.
import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, rmSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import path from 'node:path'

export interface SmallDisk extends Disposable {
  readonly path: string
  /** Takes every byte that is left. */
  fill(): void
  /** Makes room again; with `bytes`, only so much of it. */
  free(bytes?: number): void
}

/** Why this machine cannot have one; undefined when it can. */
export function noSmallDisk(): string | undefined {
  return noLoopDisk('mkfs.ext4')
}

/** Why this machine cannot mount a file with the file system that `program` makes; undefined when it can. */
export function noLoopDisk(program: 'mkfs.ext4' | 'mkfs.xfs' | 'mkfs.btrfs'): string | undefined {
  if (process.platform !== 'linux') return 'loop devices are of Linux'
  if (process.getuid?.() !== 0) return 'mounting needs root'
  try {
    execFileSync('losetup', ['--find'], { stdio: 'ignore' })
    execFileSync(program, ['-V'], { stdio: 'ignore' })
    return undefined
  } catch {
    return `there is no free loop device or no ${program}`
  }
}

/** Programs that make a file system, with options for an empty one. ext4 without blocks kept for root, which the tests may run as. */
const MAKE = {
  ext4: ['mkfs.ext4', '-q', '-m', '0'],
  xfs: ['mkfs.xfs', '-q', '-m', 'reflink=1'],
  btrfs: ['mkfs.btrfs', '-q'],
} as const

/** Makes one of `megabytes` and mounts it at `<directory>/data`. */
export function mountSmallDisk(
  directory: string,
  megabytes: number,
  fileSystem: keyof typeof MAKE = 'ext4',
): SmallDisk {
  const image = path.join(directory, 'disk.img')
  const place = path.join(directory, 'data')
  const ballast = path.join(place, 'ballast')
  writeFileSync(image, '')
  truncateSync(image, megabytes * 1024 * 1024)
  const [program, ...options] = MAKE[fileSystem]
  execFileSync(program, [...options, image])
  mkdirSync(place, { recursive: true })
  execFileSync('mount', ['-o', 'loop', image, place])
  rmSync(path.join(place, 'lost+found'), { recursive: true, force: true })
  execFileSync('chmod', ['755', place])
  let size = 0
  return {
    path: place,
    fill() {
      size += fillUp(ballast)
    },
    free(bytes) {
      if (bytes === undefined) rmSync(ballast, { force: true })
      else truncateSync(ballast, Math.max(0, size - bytes))
      size = bytes === undefined ? 0 : Math.max(0, size - bytes)
    },
    [Symbol.dispose]() {
      // Lazy: something that a failed test left running must not keep the next one from its disk.
      execFileSync('umount', ['-l', place])
      rmSync(image, { force: true })
    },
  }
}

/** Appends to `file` until the disk is full, and gives the bytes it took. */
function fillUp(file: string): number {
  const descriptor = openSync(file, 'a')
  let written = 0
  for (let piece = 1024 * 1024; piece >= 1; piece = Math.floor(piece / 4)) {
    const bytes = Buffer.alloc(piece)
    try {
      for (;;) written += writeSync(descriptor, bytes)
    } catch {
      // Full for a piece of this size: smaller ones may still fit.
    }
  }
  closeSync(descriptor)
  return written
}
