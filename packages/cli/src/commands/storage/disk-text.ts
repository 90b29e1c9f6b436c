// How a disk is shown.
import type { DiskStatus } from '@lakelet/server'
import { sizeText } from '../../command/sizes.ts'

/** As `-o json` prints it; sizes in bytes. */
export function diskData(dataDir: string, disk: DiskStatus) {
  return {
    data_dir: dataDir,
    image: disk.note.image,
    file_system: disk.note.fileSystem,
    made_at: disk.note.madeAt,
    mounted: disk.isMounted,
    size_bytes: disk.size,
    allocated_bytes: disk.allocated,
    ...(disk.used === undefined ? {} : { used_bytes: disk.used }),
    ...(disk.free === undefined ? {} : { free_bytes: disk.free }),
    host_free_bytes: disk.hostFree,
    mount_command: disk.mountCommand,
    fstab_line: disk.fstabLine,
  }
}

export function diskLines(dataDir: string, disk: DiskStatus): string[] {
  const { note, used, free } = disk
  return [
    `Data directory  ${dataDir}`,
    `Disk            ${note.image} (${note.fileSystem}, ${sizeText(disk.size)}, takes ${sizeText(disk.allocated)})`,
    ...(used === undefined || free === undefined
      ? ['Mounted         no', `Mount it        ${disk.mountCommand}`]
      : [`Mounted         yes, ${sizeText(used)} used, ${sizeText(free)} free`]),
    `/etc/fstab      ${disk.fstabLine}`,
  ]
}

/** What is to be said of a disk that the machine has no room for any more. */
export function roomNote(disk: DiskStatus): string | undefined {
  const mayGrow = disk.size - disk.allocated
  if (mayGrow <= disk.hostFree) return undefined
  return `The disk may grow by ${sizeText(mayGrow)}, but where it is ${sizeText(disk.hostFree)} are free: make room there, else writes fail before the disk is full.`
}
