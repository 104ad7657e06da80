// What a test may ask of a simulated disk, and the errors that it answers.

import { DiskError, type DiskErrorReason } from '../disk.ts'
import type { SeededRandom } from './random.ts'

/** Lowest and highest milliseconds; the time of a call is drawn from between. */
export type Latency = readonly [number, number]

export interface DiskOptions {
  /** Bytes that fit; no limit when not given. */
  capacity?: number
  readLatencyMs?: Latency
  writeLatencyMs?: Latency
  syncLatencyMs?: Latency
}

export type DiskOperation = 'open' | 'read' | 'write' | 'sync' | 'truncate' | 'rename' | 'remove' | 'makeDirectory'

/** The medium, which outlives the processes that use it (disk.ts). */
export interface Medium {
  readonly options: DiskOptions
  readonly random: SeededRandom
  /** When it answers a reason, the operation fails with it: injected I/O errors. A write may have happened in part. */
  readonly fault: ((operation: DiskOperation, path: string) => DiskErrorReason | null) | null
  freeSize(): number
  grow(size: number): void
}

/** Runs `run` after a delay, unless the process that asked has ended by then. */
export type Schedule = (delayMs: number, run: () => void) => void

const messages: Readonly<Record<DiskErrorReason, string>> = {
  missing: 'no such file or directory',
  exists: 'exists already',
  full: 'no space left on device',
  locked: 'locked by another process (pid 1); stop it or choose another directory',
  denied: 'permission denied',
  exhausted: 'too many open files',
  failed: 'input/output error',
}

export function diskError(reason: DiskErrorReason, path: string): DiskError {
  return new DiskError(reason, path, messages[reason])
}

/** For calls with a callback. */
export function attempted(run: () => void): DiskError | null {
  try {
    run()
    return null
  } catch (error) {
    if (error instanceof DiskError) return error
    throw error
  }
}
