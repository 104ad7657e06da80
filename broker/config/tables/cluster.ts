// Kafka's server properties: node, controller, metadata log, brokers' sessions.
// A row with `doc` acts in Milena; the others are accepted, shown, and named in a warning when set.

import { boolean, className, int, list, long, string, UNLIMITED } from '../config-row.ts'

export const clusterConfigs = {
  'alter.config.policy.class.name': className(null),
  'auto.leader.rebalance.enable': boolean(true),
  'broker.heartbeat.interval.ms': int(2000, { doc: 'How often a broker reports to the controller.' }),
  'broker.id': int(-1, { doc: 'Older name of node.id.' }),
  'broker.rack': string(null, { doc: 'Rack of this node, told to clients.' }),
  'broker.session.timeout.ms': int(9000, { doc: 'Silence after which the controller fences a broker.' }),
  'controlled.shutdown.enable': boolean(true),
  'controller.listener.names': list(null, {
    doc: 'Listeners of the controller; it is reached in process, so none is opened.',
  }),
  'controller.performance.always.log.threshold.ms': long(2000, { min: 0, internal: true }),
  'controller.performance.sample.period.ms': long(60_000, { min: 100, internal: true }),
  'controller.quorum.append.linger.ms': int(25, { min: 0 }),
  'controller.quorum.auto.join.enable': boolean(false),
  'controller.quorum.bootstrap.servers': list('', { nonEmpty: true }),
  'controller.quorum.election.backoff.max.ms': int(1000, { min: 0 }),
  'controller.quorum.election.timeout.ms': int(1000, { min: 0 }),
  'controller.quorum.fetch.max.bytes': int(1_048_576, { min: 1 }),
  'controller.quorum.fetch.snapshot.max.bytes': int(1_048_576, { min: 1 }),
  'controller.quorum.fetch.timeout.ms': int(2000, { min: 0 }),
  'controller.quorum.request.timeout.ms': int(2000, { min: 0 }),
  'controller.quorum.retry.backoff.ms': int(20, { min: 0 }),
  'controller.quorum.voters': list('', { nonEmpty: true }),
  'controller.quota.window.num': int(11, {
    min: 1,
    doc: 'Windows of time whose share of partitions created and deleted may come at once.',
  }),
  'controller.quota.window.size.seconds': int(1, { min: 1, doc: 'Length of one of these windows.' }),
  'controller.socket.timeout.ms': int(30_000),
  'initial.broker.registration.timeout.ms': int(60_000),
  'internal.metadata.delete.delay.millis': long(60_000, { internal: true }),
  'internal.metadata.log.segment.bytes': int(null, { internal: true }),
  'internal.metadata.max.batch.size.in.bytes': int(8_388_608, { internal: true }),
  'leader.imbalance.check.interval.seconds': long(300, { min: 1 }),
  'metadata.log.dir': string(null, { doc: 'Directory of the metadata log; the first of log.dirs when not set.' }),
  'metadata.log.max.record.bytes.between.snapshots': long(20_971_520, {
    min: 1,
    doc: 'Bytes of metadata log after which a snapshot is written.',
  }),
  'metadata.log.max.snapshot.interval.ms': long(3_600_000, {
    min: 0,
    doc: 'Time after which a snapshot is written when the metadata changed; 0 for never.',
  }),
  'metadata.log.segment.bytes': int(1_073_741_824, { min: 8_388_608, doc: 'Size at which the metadata log rolls.' }),
  'metadata.log.segment.ms': long(604_800_000),
  'metadata.max.idle.interval.ms': int(500, { min: 0 }),
  'metadata.max.retention.bytes': long(104_857_600),
  'metadata.max.retention.ms': long(604_800_000),
  'node.id': int(null, { min: 0, doc: 'Number of this node in the cluster.' }),
  'process.roles': list(null, {
    values: ['broker', 'controller'],
    doc: 'Roles of this node: both broker and controller run in one process.',
  }),
  'server.max.startup.time.ms': long(UNLIMITED, { min: 0, internal: true }),
  'unstable.api.versions.enable': boolean(false, { internal: true }),
  'unstable.feature.versions.enable': boolean(false, { internal: true }),
}
