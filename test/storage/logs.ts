// Logs for tests, on a simulated machine: one by itself, or those of a directory, and what is in them.

import type { SimulatedNode } from '../../host/simulated/node.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { buildBatch } from '../../protocol/records/builder.ts'
import { readRecords } from '../../protocol/records/record.ts'
import type { CleanerSettings } from '../../storage/cleaner/log-cleaner.ts'
import { LogDirectory } from '../../storage/directory/log-directory.ts'
import { createStorageEnvironment, type StorageOptions } from '../../storage/environment.ts'
import { Log } from '../../storage/log/log.ts'
import { defaultLogConfig, type LogConfig } from '../../storage/log/log-config.ts'
import type { LogOptions } from '../../storage/log/log-options.ts'

export const DIRECTORY = '/data/topic-0'
export const TOPIC_ID = 'ePSQjlhTTsyjmeh43SPfJg'
export const OTHER_TOPIC_ID = 'C7b5r4z4ROq6kioF3Beb5g'

export function openLog(
  node: SimulatedNode,
  config: Partial<LogConfig> = {},
  options: Partial<LogOptions> = {},
  storage: Partial<StorageOptions> = {},
): Log {
  return Log.open({
    environment: createStorageEnvironment(node.host, storage),
    directory: DIRECTORY,
    topic: 'topic',
    partition: 0,
    config: { ...defaultLogConfig, ...config },
    ...options,
  })
}

export function openDirectory(node: SimulatedNode, storage: Partial<StorageOptions> = {}): LogDirectory {
  const environment = createStorageEnvironment(node.host, storage)
  return LogDirectory.open({ environment, path: '/data', nodeId: 1, clusterId: null })
}

/** One record. */
export function append(log: Log, value = 'v'): number {
  const bytes = new TextEncoder().encode(value)
  const batch = buildBatch({ records: [{ key: null, value: bytes }], timestamp: 1_767_225_600_000 })
  return log.append(batch, 0, 'client').errorCode
}

/** Whatever the memory or the disk has of them. */
export function readAllOffsets(log: Log, from = log.logStartOffset): number[] {
  const offsets: number[] = []
  for (let offset = from; offset < log.logEndOffset; ) {
    log.readSync(offset, 1 << 20, log.logEndOffset, true, (code, slices, _size, next) => {
      if (code !== ErrorCode.NONE || next === offset) throw new Error(`error ${code} at ${offset}`)
      offsets.push(...slices.flatMap((slice) => readRecords(slice)).map((record) => record.offset))
      offset = next
    })
  }
  return offsets
}

/** As fast as it can, with buffers as small as a test's segments. */
export const CLEANER: CleanerSettings = {
  isEnabled: true,
  backoffMs: 1000,
  maxBytesPerSecond: Number.POSITIVE_INFINITY,
  mapSize: 1 << 20,
  loadFactor: 0.9,
  bufferSize: 8192,
}
