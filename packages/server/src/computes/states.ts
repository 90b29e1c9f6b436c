/** idle: no process. failed: the last start failed or the process ended by itself; the next wake tries again. */
export type ComputeState = 'idle' | 'starting' | 'active' | 'stopping' | 'failed'

/** The legal moves of a compute. */
export const MOVES: Readonly<Record<ComputeState, readonly ComputeState[]>> = {
  idle: ['starting'],
  starting: ['active', 'failed'],
  active: ['stopping', 'failed'],
  stopping: ['idle', 'failed'],
  failed: ['starting'],
}

/** Why a compute was suspended; shown to people. */
export type SuspendReason = 'idle' | 'asked' | 'disabled' | 'deleted' | 'restart' | 'workspace stops'
