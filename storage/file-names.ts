// Names of the files and directories of a log directory, as Kafka spells them. Source: LogFileUtils, UnifiedLog,
// LocalLog.
//
//   <log dir>/
//     <topic>-<partition>/                               a partition
//       00000000000000000000.log                         20 digits: the segment's base offset
//                           .index .timeindex .txnindex  of the same segment
//                           .snapshot                    producer state just before that offset
//                           ….deleted                    waits for file.delete.delay.ms
//                           ….cleaned  ….swap            compaction under way
//       leader-epoch-checkpoint  partition.metadata
//     <topic>-<partition>.<32 hex digits>-delete/        a partition that waits for its removal
//     <topic>-<partition>.<32 hex digits>-stray/         one that the cluster says is not ours
//     <topic>-<partition>.<32 hex digits>-future/        a copy that will replace the partition (KIP-113)

export const LOG_SUFFIX = '.log'
export const OFFSET_INDEX_SUFFIX = '.index'
export const TIME_INDEX_SUFFIX = '.timeindex'
export const TRANSACTION_INDEX_SUFFIX = '.txnindex'
/** Of the files of a segment. */
export const SEGMENT_SUFFIXES = [LOG_SUFFIX, OFFSET_INDEX_SUFFIX, TIME_INDEX_SUFFIX, TRANSACTION_INDEX_SUFFIX] as const
export const SNAPSHOT_SUFFIX = '.snapshot'
export const DELETED_SUFFIX = '.deleted'
export const CLEANED_SUFFIX = '.cleaned'
export const SWAP_SUFFIX = '.swap'

export const LEADER_EPOCH_CHECKPOINT = 'leader-epoch-checkpoint'
export const PARTITION_METADATA = 'partition.metadata'
export const META_PROPERTIES = 'meta.properties'
export const LOCK = '.lock'
export const METADATA_LOG = '__cluster_metadata-0'
export const CLEAN_SHUTDOWN = '.kafka_cleanshutdown'
export const RECOVERY_POINT_CHECKPOINT = 'recovery-point-offset-checkpoint'
export const LOG_START_OFFSET_CHECKPOINT = 'log-start-offset-checkpoint'
export const CLEANER_OFFSET_CHECKPOINT = 'cleaner-offset-checkpoint'
export const REPLICATION_OFFSET_CHECKPOINT = 'replication-offset-checkpoint'

const OFFSET_DIGITS = 20
const MAX_NAME_LENGTH = 255

export function join(directory: string, name: string): string {
  return `${directory}/${name}`
}

export function segmentFileName(baseOffset: number, suffix: string): string {
  return baseOffset.toString().padStart(OFFSET_DIGITS, '0') + suffix
}

export function parentOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf('/')))
}

/** The offset in a name like 00000000000000000042.log; -1 for names of another kind or suffix. */
export function offsetOfFileName(name: string, suffix: string): number {
  if (name.length !== OFFSET_DIGITS + suffix.length || !name.endsWith(suffix)) return -1
  return leadingOffset(name)
}

/** As offsetOfFileName, whatever follows the digits. */
export function leadingOffset(name: string): number {
  if (name.length < OFFSET_DIGITS) return -1
  for (let index = 0; index < OFFSET_DIGITS; index++) {
    const code = name.charCodeAt(index)
    if (code < 48 || code > 57) return -1
  }
  const offset = Number(name.slice(0, OFFSET_DIGITS))
  return Number.isSafeInteger(offset) ? offset : -1
}

export type PartitionDirectoryKind = 'partition' | 'delete' | 'stray' | 'future'

export interface PartitionDirectoryName {
  readonly topic: string
  readonly partition: number
  readonly kind: PartitionDirectoryKind
}

const SET_ASIDE = /^(.+)-(\d+)\.[0-9a-z]+-(delete|stray|future)$/
const PARTITION = /^(.+)-(\d+)$/
const KINDS: Readonly<Record<string, PartitionDirectoryKind>> = { delete: 'delete', stray: 'stray', future: 'future' }

/** null: not the directory of a partition. */
export function parsePartitionDirectory(name: string): PartitionDirectoryName | null {
  const aside = SET_ASIDE.exec(name)
  if (aside !== null) return { topic: aside[1]!, partition: Number(aside[2]), kind: KINDS[aside[3]!]! }
  const plain = PARTITION.exec(name)
  if (plain === null) return null
  return { topic: plain[1]!, partition: Number(plain[2]), kind: 'partition' }
}

export function partitionDirectoryName(topic: string, partition: number): string {
  return `${topic}-${partition}`
}

/** `uniqueId`: 32 hex digits. A long topic name is cut so that the whole stays a legal file name. */
export function setAsideDirectoryName(
  topic: string,
  partition: number,
  uniqueId: string,
  kind: 'delete' | 'stray' | 'future',
): string {
  const suffix = `-${partition}.${uniqueId}-${kind}`
  return topic.slice(0, MAX_NAME_LENGTH - suffix.length) + suffix
}
