// Kafka's group configs (KIP-848, KIP-932, KIP-1071), each with the server property that stands in when a group has no
// value of its own. A row with `doc` acts in Milena.

import { boolean, int, list, long, offsetReset, string } from './config-row.ts'

export const groupConfigs = {
  'consumer.assignment.interval.ms': int(1000, {
    server: 'group.consumer.assignment.interval.ms',
    min: 0,
    doc: 'How soon after a target the next one may be worked out.',
  }),
  'consumer.assignor.offload.enable': boolean(true, {
    server: 'group.consumer.assignor.offload.enable',
    internal: true,
  }),
  'consumer.heartbeat.interval.ms': int(5000, {
    server: 'group.consumer.heartbeat.interval.ms',
    min: 1,
    doc: 'How often members are told to heartbeat.',
  }),
  'consumer.session.timeout.ms': int(45_000, {
    server: 'group.consumer.session.timeout.ms',
    min: 1,
    doc: 'How long a member may be silent.',
  }),
  'errors.deadletterqueue.copy.record.enable': boolean(false, {
    doc: 'Whether dead letters have the key and the value of the record.',
  }),
  'errors.deadletterqueue.topic.name': string('', {
    doc: 'Where records go that a share group rejects or fails on too often; empty: nowhere.',
  }),
  'share.assignment.interval.ms': int(1000, {
    server: 'group.share.assignment.interval.ms',
    min: 0,
    doc: 'Shortest time between two assignments.',
  }),
  'share.assignor.offload.enable': boolean(true, { server: 'group.share.assignor.offload.enable', internal: true }),
  'share.auto.offset.reset': string('latest', {
    check: offsetReset,
    doc: 'Where a share group begins: latest, earliest, or by_duration: and how long ago.',
  }),
  'share.delivery.count.limit': int(5, {
    server: 'group.share.delivery.count.limit',
    min: 2,
    doc: 'How often a record is delivered before it is given up.',
  }),
  'share.heartbeat.interval.ms': int(5000, {
    server: 'group.share.heartbeat.interval.ms',
    min: 1,
    doc: 'How often members are told to send heartbeats.',
  }),
  'share.isolation.level': string('read_uncommitted', {
    values: ['read_committed', 'read_uncommitted'],
    doc: 'With read_committed, records of aborted transactions are not delivered.',
  }),
  'share.partition.max.record.locks': int(2000, {
    server: 'group.share.partition.max.record.locks',
    min: 100,
    doc: 'Records of one partition that the group may have in flight.',
  }),
  'share.record.lock.duration.ms': int(30_000, {
    server: 'group.share.record.lock.duration.ms',
    min: 1000,
    doc: 'How long a member has a record for itself.',
  }),
  'share.renew.acknowledge.enable': boolean(true, { doc: 'Whether members may have their locks begin anew.' }),
  'share.session.timeout.ms': int(45_000, {
    server: 'group.share.session.timeout.ms',
    min: 1,
    doc: 'After so long without a heartbeat a member is removed.',
  }),
  'streams.acceptable.recovery.lag': long(10_000, {
    server: 'group.streams.acceptable.recovery.lag',
    min: 0,
    internal: true,
  }),
  'streams.assignment.interval.ms': int(1000, { server: 'group.streams.assignment.interval.ms', min: 0 }),
  'streams.assignor.name': string(null, { server: 'group.streams.assignors' }),
  'streams.assignor.offload.enable': boolean(true, { server: 'group.streams.assignor.offload.enable', internal: true }),
  'streams.heartbeat.interval.ms': int(5000, { server: 'group.streams.heartbeat.interval.ms', min: 1 }),
  'streams.initial.rebalance.delay.ms': int(3000, { server: 'group.streams.initial.rebalance.delay.ms', min: 0 }),
  'streams.num.standby.replicas': int(0, { server: 'group.streams.num.standby.replicas', min: 0 }),
  'streams.num.warmup.replicas': int(2, { server: 'group.streams.num.warmup.replicas', min: 0, internal: true }),
  'streams.rack.aware.assignment.tags': list('', { server: 'group.streams.rack.aware.assignment.tags' }),
  'streams.session.timeout.ms': int(45_000, { server: 'group.streams.session.timeout.ms', min: 1 }),
  'streams.task.offset.interval.ms': int(60_000, {
    server: 'group.streams.task.offset.interval.ms',
    min: 1,
    internal: true,
  }),
}
