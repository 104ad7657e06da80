// Kafka's server properties: replication, quotas, metrics, and what belongs to no other table.
// A row with `doc` acts in Milena; the others are accepted, shown, and named in a warning when set.

import { className, int, list, long, string } from '../config-row.ts'

export const replicationConfigs = {
  'alter.log.dirs.replication.quota.window.num': int(11, { min: 1 }),
  'alter.log.dirs.replication.quota.window.size.seconds': int(1, { min: 1 }),
  'client.quota.callback.class': className(null),
  'config.providers': list('', { dynamic: 'cluster' }),
  'delete.records.purgatory.purge.interval.requests': int(1),
  'kafka.metrics.polling.interval.secs': int(10, { min: 1 }),
  'kafka.metrics.reporters': list(''),
  'metric.reporters': list('org.apache.kafka.common.metrics.JmxReporter', { dynamic: 'cluster' }),
  'metrics.num.samples': int(2, { min: 1 }),
  'metrics.recording.level': string('INFO'),
  'metrics.sample.window.ms': long(30_000, { min: 1 }),
  'num.replica.fetchers': int(1, { min: 1, dynamic: 'cluster' }),
  'quota.window.num': int(11, { min: 1, doc: 'Windows of time over which the rates of client quotas are measured.' }),
  'quota.window.size.seconds': int(1, { min: 1, doc: 'Length of one of these windows.' }),
  'replica.fetch.backoff.ms': int(1000, { min: 0 }),
  'replica.fetch.max.bytes': int(1_048_576, { min: 0 }),
  'replica.fetch.min.bytes': int(1),
  'replica.fetch.response.max.bytes': int(10_485_760, { min: 0 }),
  'replica.fetch.wait.max.ms': int(500),
  'replica.high.watermark.checkpoint.interval.ms': long(5000, { doc: 'How often the high watermarks are written.' }),
  'replica.lag.time.max.ms': long(30_000),
  'replica.selector.class': string(null),
  'replica.socket.receive.buffer.bytes': int(65_536),
  'replica.socket.timeout.ms': int(30_000),
  'replication.quota.window.num': int(11, { min: 1 }),
  'replication.quota.window.size.seconds': int(1, { min: 1 }),
  'telemetry.max.bytes': int(1_048_576, { min: 1, doc: 'Largest push of metrics by a client, also decompressed.' }),
}
