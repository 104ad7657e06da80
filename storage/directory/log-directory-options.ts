// What it takes to open a log directory, and the defaults of what recurs.

import type { StorageEnvironment } from '../environment.ts'

export interface LogDirectoryOptions {
  readonly environment: StorageEnvironment
  readonly path: string
  readonly nodeId: number
  /** null: that of the directory; a new one when it has none. */
  readonly clusterId: string | null
  /** log.flush.offset.checkpoint.interval.ms and log.flush.start.offset.checkpoint.interval.ms */
  readonly checkpointIntervalMs?: number
  /** replica.high.watermark.checkpoint.interval.ms */
  readonly highWatermarkCheckpointIntervalMs?: number
  /** log.retention.check.interval.ms */
  readonly retentionCheckIntervalMs?: number
  /** log.flush.scheduler.interval.ms, for topics with flush.ms */
  readonly flushCheckIntervalMs?: number
}

const DEFAULTS = {
  checkpointIntervalMs: 60_000,
  highWatermarkCheckpointIntervalMs: 5_000,
  retentionCheckIntervalMs: 300_000,
  flushCheckIntervalMs: 1_000,
}

export type DirectoryIntervals = typeof DEFAULTS

export function intervalsOf(options: LogDirectoryOptions): DirectoryIntervals {
  return { ...DEFAULTS, ...withoutUndefined(options) }
}

function withoutUndefined(options: LogDirectoryOptions): Partial<typeof DEFAULTS> {
  const given: Partial<typeof DEFAULTS> = {}
  for (const name of Object.keys(DEFAULTS)) {
    if (!isInterval(name)) continue
    const value = options[name]
    if (value !== undefined) given[name] = value
  }
  return given
}

function isInterval(name: string): name is keyof typeof DEFAULTS {
  return Object.hasOwn(DEFAULTS, name)
}
