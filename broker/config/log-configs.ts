// A topic's effective configuration: its own values over those of the server properties they inherit from.

import { CODECS, type Codec } from '../../protocol/records/layout.ts'
import { type LogConfig, UNLIMITED } from '../../storage/log/log-config.ts'
import { type BrokerConfigName, brokerConfigs } from './broker-configs.ts'
import { type ConfigRow, type ConfigTable, configFault, parseConfig, type ValueOf } from './config-row.ts'
import { topicConfigs } from './topic-configs.ts'

export type TopicConfigName = keyof typeof topicConfigs
export type TopicConfigValues = { readonly [Name in TopicConfigName]: ValueOf<(typeof topicConfigs)[Name]> }

const table: ConfigTable = topicConfigs

/** What a Java array can hold: as good as no limit. */
const MAX_ARRAY_SIZE = 2_147_483_639

export function topicConfigRow(name: string): ConfigRow | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined
}

function isBrokerConfig(name: string): name is BrokerConfigName {
  return Object.hasOwn(brokerConfigs, name)
}

/** The server properties, as broker-config.ts has them. */
interface ServerConfig {
  get(name: BrokerConfigName): unknown
}

function inherited(config: ServerConfig, row: ConfigRow): unknown {
  const value = row.server !== undefined && isBrokerConfig(row.server) ? config.get(row.server) : null
  return value ?? parseConfig(row, row.default ?? '')
}

/** A value of its own that is not valid (set by another release) gives way to the inherited one. */
export function topicConfigValues(config: ServerConfig, own: ReadonlyMap<string, string>): TopicConfigValues {
  const values: Record<string, unknown> = {}
  for (const [name, row] of Object.entries(table)) {
    const text = own.get(name)
    const usable = text !== undefined && configFault(name, row, text) === null
    values[name] = usable ? parseConfig(row, text) : inherited(config, row)
  }
  // The loop has filled every name of the table with a value of its row.
  return values as TopicConfigValues
}

function isCodec(name: string): name is Codec {
  return CODECS.some((codec) => codec === name)
}

export function toLogConfig(values: TopicConfigValues): LogConfig {
  const compression = values['compression.type']
  const policies = values['cleanup.policy']
  const maxDecompressed = values['max.decompressed.message.bytes']
  return {
    cleanupPolicy: (['delete', 'compact'] as const).filter((policy) => policies.includes(policy)),
    compressionType: compression === 'uncompressed' ? 'none' : isCodec(compression) ? compression : 'producer',
    compressionGzipLevel: values['compression.gzip.level'],
    compressionLz4Level: values['compression.lz4.level'],
    compressionZstdLevel: values['compression.zstd.level'],
    deleteRetentionMs: values['delete.retention.ms'],
    fileDeleteDelayMs: values['file.delete.delay.ms'],
    flushMessages: values['flush.messages'],
    flushMs: values['flush.ms'] ?? UNLIMITED,
    indexIntervalBytes: values['index.interval.bytes'],
    localRetentionBytes: values['local.retention.bytes'],
    localRetentionMs: values['local.retention.ms'],
    maxCompactionLagMs: values['max.compaction.lag.ms'],
    maxDecompressedMessageBytes: maxDecompressed < MAX_ARRAY_SIZE ? maxDecompressed : UNLIMITED,
    maxMessageBytes: values['max.message.bytes'],
    messageTimestampAfterMaxMs: values['message.timestamp.after.max.ms'],
    messageTimestampBeforeMaxMs: values['message.timestamp.before.max.ms'],
    messageTimestampType: values['message.timestamp.type'] === 'LogAppendTime' ? 'LogAppendTime' : 'CreateTime',
    minCleanableDirtyRatio: values['min.cleanable.dirty.ratio'],
    minCompactionLagMs: values['min.compaction.lag.ms'],
    minInsyncReplicas: values['min.insync.replicas'],
    preallocate: values['preallocate'],
    retentionBytes: values['retention.bytes'],
    retentionMs: values['retention.ms'],
    segmentBytes: values['segment.bytes'],
    segmentIndexBytes: values['segment.index.bytes'],
    segmentJitterMs: values['segment.jitter.ms'],
    segmentMs: values['segment.ms'],
    uncleanLeaderElectionEnable: values['unclean.leader.election.enable'],
  }
}
