// Kafka's server properties: logs and topics: the defaults that topic configs inherit, and how logs are cleaned and
// recovered. A row with `doc` acts in Milena; the others are accepted, shown, and named in a warning when set.

import { boolean, className, double, int, list, long, string, UNLIMITED } from '../config-row.ts'

export const logConfigs = {
  'auto.create.topics.enable': boolean(true, {
    doc: 'Whether a Metadata request that allows it creates the topics it names.',
  }),
  'compression.gzip.level': int(-1, {
    min: 1,
    max: 9,
    also: -1,
    dynamic: 'cluster',
    doc: 'Level used when batches are stored as gzip.',
  }),
  'compression.lz4.level': int(9, {
    min: 1,
    max: 17,
    dynamic: 'cluster',
  }),
  'compression.type': string('producer', {
    values: ['uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'],
    dynamic: 'cluster',
    doc: 'Codec in which batches are stored; producer keeps what was sent.',
  }),
  'compression.zstd.level': int(3, {
    min: -131_072,
    max: 22,
    dynamic: 'cluster',
    doc: 'Level used when batches are stored as zstd.',
  }),
  'cordoned.log.dirs': list('', { dynamic: 'broker', doc: 'Log directories that take no new partitions; * for all.' }),
  'create.topic.policy.class.name': className(null),
  'default.replication.factor': int(1, { doc: 'Replicas of a topic created without a number of its own.' }),
  'delete.topic.enable': boolean(true, { doc: 'Whether topics can be deleted.' }),
  'follower.fetch.last.tiered.offset.enable': boolean(false, { dynamic: 'cluster' }),
  'log.cleaner.backoff.ms': long(15_000, { min: 0, dynamic: 'cluster', doc: 'Rest when no log is to be compacted.' }),
  'log.cleaner.dedupe.buffer.size': long(134_217_728, {
    dynamic: 'cluster',
    doc: 'Memory for the keys of one round of compaction, at most.',
  }),
  'log.cleaner.delete.retention.ms': long(86_400_000, {
    min: 0,
    dynamic: 'cluster',
    doc: 'How long compaction keeps tombstones.',
  }),
  'log.cleaner.enable': boolean(true, { doc: 'Whether logs are compacted.' }),
  'log.cleaner.io.buffer.load.factor': double(0.9, {
    dynamic: 'cluster',
    doc: 'How full the memory for keys may get.',
  }),
  'log.cleaner.io.buffer.size': int(524_288, {
    min: 0,
    dynamic: 'cluster',
    doc: 'Twice what compaction reads at once.',
  }),
  'log.cleaner.io.max.bytes.per.second': double(1.7976931348623157e308, {
    dynamic: 'cluster',
    doc: 'What compaction reads and writes in a second, at most.',
  }),
  'log.cleaner.max.compaction.lag.ms': long(UNLIMITED, {
    min: 1,
    dynamic: 'cluster',
    doc: 'Age from which a record is compacted, whatever the ratio.',
  }),
  'log.cleaner.min.cleanable.ratio': double(0.5, {
    min: 0,
    max: 1,
    dynamic: 'cluster',
    doc: 'Share of dirty bytes from which a log is compacted.',
  }),
  'log.cleaner.min.compaction.lag.ms': long(0, {
    min: 0,
    dynamic: 'cluster',
    doc: 'Age below which a record is not compacted.',
  }),
  'log.cleaner.threads': int(1, { min: 0, dynamic: 'cluster' }),
  'log.cleanup.policy': list('delete', {
    values: ['compact', 'delete'],
    dynamic: 'cluster',
    doc: 'delete drops old segments; compact keeps the last record of each key.',
  }),
  'log.dir': list('/tmp/kafka-logs', { doc: 'Directory of the data when log.dirs is not set.' }),
  'log.dir.failure.timeout.ms': long(30_000, { min: 1 }),
  'log.dirs': list(null, { doc: 'Directories of the data, separated by commas.' }),
  'log.flush.interval.messages': long(UNLIMITED, {
    min: 1,
    dynamic: 'cluster',
    doc: 'Records after which a log is synced to disk, whatever acks say.',
  }),
  'log.flush.interval.ms': long(null, {
    dynamic: 'cluster',
    doc: 'Time after which a written record is synced to disk, whatever acks say.',
  }),
  'log.flush.offset.checkpoint.interval.ms': int(60_000, { min: 0, doc: 'How often the recovery points are written.' }),
  'log.flush.scheduler.interval.ms': long(UNLIMITED, {
    doc: 'Stands in for log.flush.interval.ms when that is not set.',
  }),
  'log.flush.start.offset.checkpoint.interval.ms': int(60_000, {
    min: 0,
  }),
  'log.index.interval.bytes': int(4096, {
    min: 0,
    dynamic: 'cluster',
    doc: 'Bytes of log between two entries of the offset index.',
  }),
  'log.index.size.max.bytes': int(10_485_760, {
    min: 4,
    dynamic: 'cluster',
    doc: 'Largest size of an offset index; a full one rolls the log.',
  }),
  'log.initial.task.delay.ms': long(30_000, { min: 0, internal: true }),
  'log.local.retention.bytes': long(-2, { min: -2, dynamic: 'cluster' }),
  'log.local.retention.ms': long(-2, { min: -2, dynamic: 'cluster' }),
  'log.message.timestamp.after.max.ms': long(3_600_000, {
    min: 0,
    dynamic: 'cluster',
    doc: 'How far the timestamp of a record may lie ahead of the clock.',
  }),
  'log.message.timestamp.before.max.ms': long(UNLIMITED, {
    min: 0,
    dynamic: 'cluster',
    doc: 'How far the timestamp of a record may lie behind the clock.',
  }),
  'log.message.timestamp.type': string('CreateTime', {
    values: ['CreateTime', 'LogAppendTime'],
    dynamic: 'cluster',
    doc: 'Whether a record carries the time it was created or the time it was appended.',
  }),
  'log.preallocate': boolean(false, { dynamic: 'cluster' }),
  'log.remote.copy.lag.bytes': long(-1, { min: -1, dynamic: 'cluster' }),
  'log.remote.copy.lag.ms': long(0, { min: -1, dynamic: 'cluster' }),
  'log.retention.bytes': long(-1, {
    dynamic: 'cluster',
    doc: 'Size of a partition above which its oldest segments are deleted, -1 for no limit.',
  }),
  'log.retention.check.interval.ms': long(300_000, { min: 1, doc: 'How often retention is applied.' }),
  'log.retention.hours': int(168, { doc: 'Age at which segments are deleted, in hours.' }),
  'log.retention.minutes': int(null, {
    doc: 'Age at which segments are deleted, in minutes; log.retention.hours when not set.',
  }),
  'log.retention.ms': long(null, {
    dynamic: 'cluster',
    doc: 'Age at which segments are deleted, -1 for never; log.retention.minutes when not set.',
  }),
  'log.roll.hours': int(168, { min: 1, doc: 'Age at which a log rolls, in hours.' }),
  'log.roll.jitter.hours': int(0, { min: 0, doc: 'Largest random amount by which log.roll.hours is shortened.' }),
  'log.roll.jitter.ms': long(null, {
    dynamic: 'cluster',
    doc: 'Largest random amount by which log.roll.ms is shortened; log.roll.jitter.hours when not set.',
  }),
  'log.roll.ms': long(null, { dynamic: 'cluster', doc: 'Age at which a log rolls; log.roll.hours when not set.' }),
  'log.segment.bytes': int(1_073_741_824, {
    min: 1_048_576,
    dynamic: 'cluster',
    doc: 'Size at which a log rolls to a new segment.',
  }),
  'log.segment.delete.delay.ms': long(60_000, {
    min: 0,
    dynamic: 'cluster',
    doc: 'How long a deleted file stays on disk.',
  }),
  'max.decompressed.message.bytes': int(2_147_483_639, {
    min: 1,
    max: 2_147_483_639,
    dynamic: 'cluster',
    doc: 'Largest record of a compressed batch, decompressed. Below the default, all such batches are looked into.',
  }),
  'message.max.bytes': int(1_048_588, {
    min: 0,
    dynamic: 'cluster',
    doc: 'Largest record batch accepted, after compression.',
  }),
  'min.insync.replicas': int(1, {
    min: 1,
    dynamic: 'cluster',
    doc: 'In-sync replicas that a partition needs before it accepts a produce with acks=all.',
  }),
  'num.partitions': int(1, { min: 1, doc: 'Partitions of a topic created without a number of its own.' }),
  'num.recovery.threads.per.data.dir': int(2, { min: 1, dynamic: 'cluster' }),
  'producer.id.expiration.check.interval.ms': int(600_000, { min: 1, internal: true }),
  'producer.id.expiration.ms': int(86_400_000, {
    min: 1,
    dynamic: 'cluster',
    doc: 'How long the state of a silent producer is kept.',
  }),
  'producer.purgatory.purge.interval.requests': int(1000),
  'unclean.leader.election.enable': boolean(false, { dynamic: 'cluster' }),
  'unclean.leader.election.interval.ms': long(300_000, { min: 1, internal: true }),
}
