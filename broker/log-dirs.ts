// Opens log.dirs. One that cannot be opened is offline, named in the log, and the broker serves the rest; but not
// without the one that has the metadata log, and not one that another process or another cluster holds: that is a
// mistake of whoever started the broker. Nor does it begin a new metadata log beside partitions: they would all be set
// aside, and clients would find an empty broker. (Kafka with a static quorum does so, with a dynamic one it waits for
// ever.) Source: LogManager.createAndValidateLogDirs, KafkaRaftServer.initializeLogDirs.

import { type Disk, DiskError } from '../host/disk.ts'
import { LogDirectory } from '../storage/directory/log-directory.ts'
import { readMetaProperties } from '../storage/directory/meta-properties.ts'
import type { StorageEnvironment } from '../storage/environment.ts'
import { METADATA_LOG } from '../storage/file-names.ts'
import { StorageFault } from '../storage/storage-fault.ts'
import type { BrokerConfig } from './config/broker-config.ts'
import { hasMetadataLog } from './controller/log-check.ts'

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
  const { disk } = environment.host
  const online: LogDirectory[] = []
  const offlinePaths: string[] = []
  const clusterId = paths.reduce((found: string | null, path) => found ?? clusterIdOf(disk, path), null)
  for (const path of paths) {
    try {
      const directory = open(environment, path, config, online[0]?.clusterId ?? clusterId)
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
  refuseWithoutMetadata(disk, online, metadataPath)
  environment.reserve.protect(metadata.path)
  return { online, offlinePaths, metadata, metadataPath }
}

/** So that an empty directory in front of the others becomes one of theirs. null also where none can be read. */
function clusterIdOf(disk: Disk, path: string): string | null {
  try {
    return disk.exists(path) ? (readMetaProperties(disk, path)?.clusterId ?? null) : null
  } catch (error) {
    if (error instanceof DiskError || error instanceof StorageFault) return null
    throw error
  }
}

function refuseWithoutMetadata(disk: Disk, online: readonly LogDirectory[], metadataPath: string): void {
  for (const { path } of online) {
    if (path === metadataPath || !disk.exists(`${path}/${METADATA_LOG}`)) continue
    const advice = `set metadata.log.dir=${path}, or move it away if it is not the one in use`
    throw new StorageFault(`${path}/${METADATA_LOG}`, `is not where metadata is looked for, ${metadataPath}: ${advice}`)
  }
  if (hasMetadataLog(disk, `${metadataPath}/${METADATA_LOG}`)) return
  const partitionCount = online.reduce((count, { logCount }) => count + logCount, 0)
  // A broker that had stopped cleanly had registered, in a metadata log.
  if (partitionCount === 0 && online.every(({ previousBrokerEpoch }) => previousBrokerEpoch < 0)) return
  const places = online.map(({ path }) => path).join(', ')
  const lost = `is gone or empty, though a broker has been served from ${places} (partitions there: ${partitionCount})`
  const advice = 'restore it from a copy, say with metadata.log.dir where it is, or begin anew in an empty directory'
  throw new StorageFault(`${metadataPath}/${METADATA_LOG}`, `${lost}, and nothing can be served without it: ${advice}`)
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
