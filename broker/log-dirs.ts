// Opens log.dirs. One that cannot be opened is offline, named in the log, and the broker serves the rest; but not
// without the one that has the metadata log, and not one that another process or another cluster holds: that is a
// mistake of whoever started the broker. Source: LogManager.createAndValidateLogDirs.

import { DiskError } from '../host/disk.ts'
import { LogDirectory } from '../storage/directory/log-directory.ts'
import type { StorageEnvironment } from '../storage/environment.ts'
import type { BrokerConfig } from './config/broker-config.ts'

/** How late flush.ms may be noticed. */
const MAX_FLUSH_CHECK_MS = 1_000

export interface LogDirs {
  readonly online: readonly LogDirectory[]
  readonly offlinePaths: readonly string[]
  /** Where the metadata log is. */
  readonly metadata: LogDirectory
  readonly metadataPath: string
}

/** `onOpen` is told of each before the next is opened. Throws DiskError, StorageFault. */
export function openLogDirs(
  environment: StorageEnvironment,
  config: BrokerConfig,
  onOpen: (directory: LogDirectory) => void,
): LogDirs {
  const paths = config.get('log.dirs') ?? []
  const metadataPath = config.get('metadata.log.dir') ?? paths[0] ?? ''
  const online: LogDirectory[] = []
  const offlinePaths: string[] = []
  for (const path of paths) {
    try {
      const directory = open(environment, path, config, online[0]?.clusterId ?? null)
      online.push(directory)
      onOpen(directory)
    } catch (error) {
      const isFatal = !(error instanceof DiskError) || error.reason === 'locked' || path === metadataPath
      if (isFatal || paths.length === 1) throw error
      environment.host.logger.error('a log directory is offline', { path, error: error.message })
      offlinePaths.push(path)
    }
  }
  const metadata = online.find(({ path }) => path === metadataPath) ?? online[0]
  if (metadata === undefined) throw new DiskError('failed', paths.join(','), 'no log directory can be opened')
  environment.reserve.protect(metadata.path)
  return { online, offlinePaths, metadata, metadataPath }
}

function open(
  environment: StorageEnvironment,
  path: string,
  config: BrokerConfig,
  clusterId: string | null,
): LogDirectory {
  return LogDirectory.open({
    environment,
    path,
    nodeId: config.nodeId,
    clusterId,
    checkpointIntervalMs: config.get('log.flush.offset.checkpoint.interval.ms'),
    highWatermarkCheckpointIntervalMs: config.get('replica.high.watermark.checkpoint.interval.ms'),
    retentionCheckIntervalMs: config.get('log.retention.check.interval.ms'),
    // Kafka's default is never, which leaves flush.ms without effect.
    flushCheckIntervalMs: Math.min(config.get('log.flush.scheduler.interval.ms'), MAX_FLUSH_CHECK_MS),
  })
}
