// Kafka's topic configs, each with the server property from which a topic without a value of its own inherits.
// A row with `doc` acts in Milena.

import { boolean, double, int, list, long, string, throttledReplicas, UNLIMITED } from './config-row.ts'

export const topicConfigs = {
  'cleanup.policy': list('delete', {
    server: 'log.cleanup.policy',
    values: ['compact', 'delete'],
    doc: 'delete drops old segments; compact keeps the last record of each key.',
  }),
  'compression.gzip.level': int(-1, {
    server: 'compression.gzip.level',
    min: 1,
    max: 9,
    also: -1,
    doc: 'Level used when batches are stored as gzip.',
  }),
  'compression.lz4.level': int(9, {
    server: 'compression.lz4.level',
    min: 1,
    max: 17,
  }),
  'compression.type': string('producer', {
    server: 'compression.type',
    values: ['uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'],
    doc: 'Codec in which batches are stored; producer keeps what was sent.',
  }),
  'compression.zstd.level': int(3, {
    server: 'compression.zstd.level',
    min: -131_072,
    max: 22,
    doc: 'Level used when batches are stored as zstd.',
  }),
  'delete.retention.ms': long(86_400_000, {
    server: 'log.cleaner.delete.retention.ms',
    min: 0,
    doc: 'How long compaction keeps tombstones.',
  }),
  'errors.deadletterqueue.group.enable': boolean(false),
  'file.delete.delay.ms': long(60_000, {
    server: 'log.segment.delete.delay.ms',
    min: 0,
    doc: 'How long a deleted file stays on disk.',
  }),
  'flush.messages': long(UNLIMITED, {
    server: 'log.flush.interval.messages',
    min: 1,
    doc: 'Records after which the log is synced to disk, whatever acks say.',
  }),
  'flush.ms': long(UNLIMITED, {
    server: 'log.flush.interval.ms',
    min: 0,
    doc: 'Time after which a written record is synced to disk, whatever acks say.',
  }),
  'follower.replication.throttled.replicas': list('', { check: throttledReplicas }),
  'index.interval.bytes': int(4096, {
    server: 'log.index.interval.bytes',
    min: 0,
    doc: 'Bytes of log between two entries of the offset index.',
  }),
  'internal.segment.bytes': int(null, { internal: true }),
  'leader.replication.throttled.replicas': list('', { check: throttledReplicas }),
  'local.retention.bytes': long(-2, { server: 'log.local.retention.bytes', min: -2 }),
  'local.retention.ms': long(-2, { server: 'log.local.retention.ms', min: -2 }),
  'max.compaction.lag.ms': long(UNLIMITED, {
    server: 'log.cleaner.max.compaction.lag.ms',
    min: 1,
    doc: 'Age from which a record is compacted, whatever the ratio.',
  }),
  'max.decompressed.message.bytes': int(2_147_483_639, {
    server: 'max.decompressed.message.bytes',
    min: 1,
    max: 2_147_483_639,
    doc: 'Largest record of a compressed batch, decompressed. Below the default, all such batches are looked into.',
  }),
  'max.message.bytes': int(1_048_588, {
    server: 'message.max.bytes',
    min: 0,
    doc: 'Largest record batch accepted, after compression.',
  }),
  'message.timestamp.after.max.ms': long(3_600_000, {
    server: 'log.message.timestamp.after.max.ms',
    min: 0,
    doc: 'How far the timestamp of a record may lie ahead of the clock.',
  }),
  'message.timestamp.before.max.ms': long(UNLIMITED, {
    server: 'log.message.timestamp.before.max.ms',
    min: 0,
    doc: 'How far the timestamp of a record may lie behind the clock.',
  }),
  'message.timestamp.type': string('CreateTime', {
    server: 'log.message.timestamp.type',
    values: ['CreateTime', 'LogAppendTime'],
    doc: 'Whether a record carries the time it was created or the time it was appended.',
  }),
  'min.cleanable.dirty.ratio': double(0.5, {
    server: 'log.cleaner.min.cleanable.ratio',
    min: 0,
    max: 1,
    doc: 'Share of dirty bytes from which the log is compacted.',
  }),
  'min.compaction.lag.ms': long(0, {
    server: 'log.cleaner.min.compaction.lag.ms',
    min: 0,
    doc: 'Age below which a record is not compacted.',
  }),
  'min.insync.replicas': int(1, {
    server: 'min.insync.replicas',
    min: 1,
    doc: 'In-sync replicas that a partition needs before it accepts a produce with acks=all.',
  }),
  preallocate: boolean(false, { server: 'log.preallocate' }),
  'remote.copy.lag.bytes': long(-1, { server: 'log.remote.copy.lag.bytes', min: -1 }),
  'remote.copy.lag.ms': long(0, { server: 'log.remote.copy.lag.ms', min: -1 }),
  'remote.log.copy.disable': boolean(false),
  'remote.log.delete.on.disable': boolean(false),
  'remote.storage.enable': boolean(false),
  'retention.bytes': long(-1, {
    server: 'log.retention.bytes',
    doc: 'Size of a partition above which its oldest segments are deleted, -1 for no limit.',
  }),
  'retention.ms': long(604_800_000, {
    server: 'log.retention.ms',
    min: -1,
    doc: 'Age at which segments are deleted, -1 for never.',
  }),
  'segment.bytes': int(1_073_741_824, {
    server: 'log.segment.bytes',
    min: 1_048_576,
    doc: 'Size at which the log rolls to a new segment.',
  }),
  'segment.index.bytes': int(10_485_760, {
    server: 'log.index.size.max.bytes',
    min: 4,
    doc: 'Largest size of an offset index; a full one rolls the log.',
  }),
  'segment.jitter.ms': long(0, {
    server: 'log.roll.jitter.ms',
    min: 0,
    doc: 'Largest random amount by which segment.ms is shortened.',
  }),
  'segment.ms': long(604_800_000, {
    server: 'log.roll.ms',
    min: 1,
    doc: 'Age at which the log rolls to a new segment.',
  }),
  'unclean.leader.election.enable': boolean(false, { server: 'unclean.leader.election.enable' }),
}
