// What the compute sizes of apps stand for: CPUs and memory as the platform's documentation says them; it says nothing of processes and of disk,
// of which each size has enough for servers and their packages.
import type { AppRow } from '../../metadata/apps.ts'

export interface AppSize {
  readonly cpus: number
  readonly memoryBytes: number
  /** Processes and threads. */
  readonly processes: number
  /** All that the app may write to, its build included. */
  readonly diskBytes: number
}

const GB = 1024 ** 3

export type AppSizes = Readonly<Record<AppRow['compute_size'], AppSize>>

export const APP_SIZES: AppSizes = {
  MEDIUM: { cpus: 2, memoryBytes: 6 * GB, processes: 1024, diskBytes: 16 * GB },
  LARGE: { cpus: 4, memoryBytes: 12 * GB, processes: 2048, diskBytes: 32 * GB },
  XLARGE: { cpus: 8, memoryBytes: 24 * GB, processes: 4096, diskBytes: 64 * GB },
}

/** `6 GB`, `512 MB`. */
export function bytesInWords(bytes: number): string {
  return bytes < GB ? `${Math.round(bytes / 1024 ** 2)} MB` : `${Math.round((bytes / GB) * 10) / 10} GB`
}
