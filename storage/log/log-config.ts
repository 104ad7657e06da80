// The settings of one log: Kafka's topic configs in camelCase, with Kafka's defaults. The config module fills it from
// topic and broker settings; storage reads it afresh on every use, so that Log.config can be replaced while the log
// runs.

import type { Codec } from '../../protocol/records/layout.ts'

export interface LogConfig {
  readonly cleanupPolicy: readonly ('delete' | 'compact')[]
  /** 'producer': as the producer sent it. */
  readonly compressionType: Codec | 'producer'
  readonly compressionGzipLevel: number
  readonly compressionLz4Level: number
  readonly compressionZstdLevel: number
  readonly deleteRetentionMs: number
  readonly fileDeleteDelayMs: number
  /** UNLIMITED: the log leaves it to acks=all and to rolling. */
  readonly flushMessages: number
  readonly flushMs: number
  readonly indexIntervalBytes: number
  readonly localRetentionBytes: number
  readonly localRetentionMs: number
  readonly maxCompactionLagMs: number
  /** Of a record of a compressed batch. UNLIMITED: nobody looks. */
  readonly maxDecompressedMessageBytes: number
  readonly maxMessageBytes: number
  readonly messageTimestampAfterMaxMs: number
  readonly messageTimestampBeforeMaxMs: number
  readonly messageTimestampType: 'CreateTime' | 'LogAppendTime'
  readonly minCleanableDirtyRatio: number
  readonly minCompactionLagMs: number
  readonly minInsyncReplicas: number
  readonly preallocate: boolean
  /** -1: no limit. */
  readonly retentionBytes: number
  /** -1: no limit. */
  readonly retentionMs: number
  readonly segmentBytes: number
  readonly segmentIndexBytes: number
  readonly segmentJitterMs: number
  readonly segmentMs: number
  readonly uncleanLeaderElectionEnable: boolean
}

/** What Kafka writes as 9223372036854775807. Any value from 2^53 on means the same: settings are only compared. */
export const UNLIMITED = Number.POSITIVE_INFINITY

export const defaultLogConfig: LogConfig = {
  cleanupPolicy: ['delete'],
  compressionType: 'producer',
  compressionGzipLevel: -1,
  compressionLz4Level: 9,
  compressionZstdLevel: 3,
  deleteRetentionMs: 86_400_000,
  fileDeleteDelayMs: 60_000,
  flushMessages: UNLIMITED,
  flushMs: UNLIMITED,
  indexIntervalBytes: 4096,
  localRetentionBytes: -2,
  localRetentionMs: -2,
  maxCompactionLagMs: UNLIMITED,
  maxDecompressedMessageBytes: UNLIMITED,
  maxMessageBytes: 1_048_588,
  messageTimestampAfterMaxMs: 3_600_000,
  messageTimestampBeforeMaxMs: UNLIMITED,
  messageTimestampType: 'CreateTime',
  minCleanableDirtyRatio: 0.5,
  minCompactionLagMs: 0,
  minInsyncReplicas: 1,
  preallocate: false,
  retentionBytes: -1,
  retentionMs: 604_800_000,
  segmentBytes: 1_073_741_824,
  segmentIndexBytes: 10_485_760,
  segmentJitterMs: 0,
  segmentMs: 604_800_000,
  uncleanLeaderElectionEnable: false,
}
