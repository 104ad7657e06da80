// Kafka's server properties: groups, offsets, transactions, share groups: what the coordinators read.
// A row with `doc` acts in Milena; the others are accepted, shown, and named in a warning when set.

import { boolean, className, int, list, long, short, string } from '../config-row.ts'

export const coordinatorConfigs = {
  'add.partitions.to.txn.retry.backoff.max.ms': int(100, {
    min: 0,
    doc: 'How long the first batch of a transaction waits for the transaction before it to be complete.',
  }),
  'add.partitions.to.txn.retry.backoff.ms': int(20, { min: 1 }),
  'errors.deadletterqueue.auto.create.topics.enable': boolean(false, {
    dynamic: 'cluster',
    doc: 'Whether topics that share groups name for their dead letters are created.',
  }),
  'errors.deadletterqueue.topic.name.prefix': string('dlq.', {
    dynamic: 'cluster',
    doc: 'What the name of a topic for dead letters must begin with.',
  }),
  'group.consumer.assignment.interval.ms': int(1000, {
    min: 0,
    dynamic: 'cluster',
    doc: 'How soon after a target of a consumer group the next one may be worked out.',
  }),
  'group.consumer.assignor.offload.enable': boolean(true, { dynamic: 'cluster', internal: true }),
  'group.consumer.assignors': list('uniform,range', {
    doc: 'Assignors that consumer groups may ask for; the first is the default.',
  }),
  'group.consumer.heartbeat.interval.ms': int(5000, {
    min: 1,
    doc: 'How often members of consumer groups are told to heartbeat.',
  }),
  'group.consumer.max.assignment.interval.ms': int(15_000, {
    min: 0,
    doc: "Upper bound of a group's own consumer.assignment.interval.ms.",
  }),
  'group.consumer.max.heartbeat.interval.ms': int(15_000, {
    min: 1,
    doc: "Upper bound of a group's own consumer.heartbeat.interval.ms.",
  }),
  'group.consumer.max.session.timeout.ms': int(60_000, {
    min: 1,
    doc: "Upper bound of a group's own consumer.session.timeout.ms.",
  }),
  'group.consumer.max.size': int(2_147_483_647, { min: 1, doc: 'Members that one consumer group may have.' }),
  'group.consumer.migration.policy': string('bidirectional', {
    values: ['DISABLED', 'DOWNGRADE', 'UPGRADE', 'BIDIRECTIONAL'],
    ignoreCase: true,
    doc: 'Which way groups in use may change between the classic and the consumer protocol.',
  }),
  'group.consumer.min.assignment.interval.ms': int(0, {
    min: 0,
    doc: "Lower bound of a group's own consumer.assignment.interval.ms.",
  }),
  'group.consumer.min.heartbeat.interval.ms': int(5000, {
    min: 1,
    doc: "Lower bound of a group's own consumer.heartbeat.interval.ms.",
  }),
  'group.consumer.min.session.timeout.ms': int(45_000, {
    min: 1,
    doc: "Lower bound of a group's own consumer.session.timeout.ms.",
  }),
  'group.consumer.regex.refresh.interval.ms': int(600_000, {
    min: 10_000,
    internal: true,
    doc: 'How often it is looked at anew what the regular expressions of a group match.',
  }),
  'group.consumer.session.timeout.ms': int(45_000, {
    min: 1,
    doc: 'How long a member of a consumer group may be silent.',
  }),
  'group.coordinator.append.linger.ms': int(-1, { min: -1 }),
  'group.coordinator.background.threads': int(2, { min: 1 }),
  'group.coordinator.cached.buffer.max.bytes': int(1_048_588, { min: 524_288, dynamic: 'cluster' }),
  'group.coordinator.rebalance.protocols': list('classic,consumer,streams', {
    values: ['consumer', 'classic', 'share', 'streams'],
    doc: 'Kinds of groups that are served, besides classic ones.',
  }),
  'group.coordinator.threads': int(4, { min: 1 }),
  'group.initial.rebalance.delay.ms': int(3000, {
    doc: 'How long the first rebalance of an empty group waits for more members.',
  }),
  'group.max.session.timeout.ms': int(1_800_000, { doc: 'Longest session timeout a member may ask for.' }),
  'group.max.size': int(2_147_483_647, { min: 1, doc: 'Members that one group may have.' }),
  'group.min.session.timeout.ms': int(6000, { doc: 'Shortest session timeout a member may ask for.' }),
  'group.share.assignment.interval.ms': int(1000, {
    min: 0,
    dynamic: 'cluster',
    doc: 'Shortest time between two assignments of a share group.',
  }),
  'group.share.assignor.offload.enable': boolean(true, { dynamic: 'cluster', internal: true }),
  'group.share.assignors': list('simple'),
  'group.share.delivery.count.limit': int(5, {
    min: 2,
    max: 10,
    doc: 'How often a record is delivered to a share group before it is given up.',
  }),
  'group.share.dlq.manager.class.name': string('org.apache.kafka.server.share.dlq.DefaultShareGroupDLQManager', {
    internal: true,
  }),
  'group.share.heartbeat.interval.ms': int(5000, {
    min: 1,
    doc: 'How often members of share groups are told to send heartbeats.',
  }),
  'group.share.initialize.retry.interval.ms': int(30_000, {
    min: 1,
    internal: true,
    doc: 'How long after it failed the state of partitions is initialised again.',
  }),
  'group.share.max.assignment.interval.ms': int(15_000, {
    min: 0,
    doc: "Upper bound of a group's own share.assignment.interval.ms.",
  }),
  'group.share.max.delivery.count.limit': int(10, {
    min: 5,
    max: 25,
    doc: 'Most deliveries that a group may ask for.',
  }),
  'group.share.max.heartbeat.interval.ms': int(15_000, {
    min: 1,
    doc: "Upper bound of a group's own share.heartbeat.interval.ms.",
  }),
  'group.share.max.partition.max.record.locks': int(4000, {
    min: 2000,
    max: 10_000,
    doc: 'Most locks that a group may ask for.',
  }),
  'group.share.max.record.lock.duration.ms': int(60_000, {
    min: 30_000,
    max: 3_600_000,
    doc: 'Longest lock that a group may ask for.',
  }),
  'group.share.max.session.timeout.ms': int(60_000, {
    min: 1,
    doc: "Upper bound of a group's own share.session.timeout.ms.",
  }),
  'group.share.max.share.sessions': int(2000, { min: 1, doc: 'Members of share groups that may fetch at one time.' }),
  'group.share.max.size': int(200, { min: 1, max: 1000, doc: 'Members that one share group may have.' }),
  'group.share.min.assignment.interval.ms': int(0, {
    min: 0,
    doc: "Lower bound of a group's own share.assignment.interval.ms.",
  }),
  'group.share.min.delivery.count.limit': int(2, {
    min: 2,
    max: 5,
    doc: 'Fewest deliveries that a group may ask for.',
  }),
  'group.share.min.heartbeat.interval.ms': int(5000, {
    min: 1,
    doc: "Lower bound of a group's own share.heartbeat.interval.ms.",
  }),
  'group.share.min.partition.max.record.locks': int(100, {
    min: 100,
    max: 2000,
    doc: 'Fewest locks that a group may ask for.',
  }),
  'group.share.min.record.lock.duration.ms': int(15_000, {
    min: 1000,
    max: 30_000,
    doc: 'Shortest lock that a group may ask for.',
  }),
  'group.share.min.session.timeout.ms': int(45_000, {
    min: 1,
    doc: "Lower bound of a group's own share.session.timeout.ms.",
  }),
  'group.share.partition.max.record.locks': int(2000, {
    min: 100,
    max: 10_000,
    doc: 'Records of one partition that a share group may have in flight.',
  }),
  'group.share.persister.class.name': string('org.apache.kafka.server.share.persister.DefaultStatePersister', {
    internal: true,
  }),
  'group.share.record.lock.duration.ms': int(30_000, {
    min: 1000,
    max: 3_600_000,
    doc: 'How long a member has a record for itself.',
  }),
  'group.share.session.timeout.ms': int(45_000, {
    min: 1,
    doc: 'After so long without a heartbeat a member of a share group is removed.',
  }),
  'group.streams.acceptable.recovery.lag': long(10_000, {
    min: 0,
    internal: true,
    doc: 'How far a task may lag and still count as caught up, as members are told.',
  }),
  'group.streams.assignment.interval.ms': int(1000, {
    min: 0,
    dynamic: 'cluster',
    doc: 'Shortest time between two assignments of a streams group.',
  }),
  'group.streams.assignor.offload.enable': boolean(true, { dynamic: 'cluster', internal: true }),
  'group.streams.assignors': list('sticky'),
  'group.streams.heartbeat.interval.ms': int(5000, {
    min: 1,
    doc: 'How often members of streams groups are told to send heartbeats.',
  }),
  'group.streams.initial.rebalance.delay.ms': int(3000, {
    min: 0,
    doc: 'How long an empty streams group waits for more members than the first.',
  }),
  'group.streams.max.assignment.interval.ms': int(15_000, {
    min: 0,
    doc: "Upper bound of a group's own streams.assignment.interval.ms.",
  }),
  'group.streams.max.heartbeat.interval.ms': int(15_000, {
    min: 1,
    doc: "Upper bound of a group's own streams.heartbeat.interval.ms.",
  }),
  'group.streams.max.session.timeout.ms': int(60_000, {
    min: 1,
    doc: "Upper bound of a group's own streams.session.timeout.ms.",
  }),
  'group.streams.max.size': int(2_147_483_647, { min: 1, doc: 'Members that one streams group may have.' }),
  'group.streams.max.standby.replicas': int(2, {
    min: 0,
    doc: "Upper bound of a group's own streams.num.standby.replicas.",
  }),
  'group.streams.max.warmup.replicas': int(20, {
    min: 0,
    internal: true,
    doc: "Upper bound of a group's own streams.num.warmup.replicas.",
  }),
  'group.streams.min.assignment.interval.ms': int(0, {
    min: 0,
    doc: "Lower bound of a group's own streams.assignment.interval.ms.",
  }),
  'group.streams.min.heartbeat.interval.ms': int(5000, {
    min: 1,
    doc: "Lower bound of a group's own streams.heartbeat.interval.ms.",
  }),
  'group.streams.min.session.timeout.ms': int(45_000, {
    min: 1,
    doc: "Lower bound of a group's own streams.session.timeout.ms.",
  }),
  'group.streams.min.task.offset.interval.ms': int(15_000, {
    min: 1,
    internal: true,
    doc: "Lower bound of a group's own streams.task.offset.interval.ms.",
  }),
  'group.streams.num.standby.replicas': int(0, {
    min: 0,
    doc: 'Standby replicas of each stateful task of a streams group.',
  }),
  'group.streams.num.warmup.replicas': int(2, { min: 0, internal: true }),
  'group.streams.rack.aware.assignment.tags': list('', { doc: 'Tags that each client of a streams group must have.' }),
  'group.streams.session.timeout.ms': int(45_000, {
    min: 1,
    doc: 'After so long without a heartbeat a member of a streams group is removed.',
  }),
  'group.streams.task.offset.interval.ms': int(60_000, {
    min: 1,
    internal: true,
    doc: 'How often members of streams groups are told to report the offsets of their tasks.',
  }),
  'group.streams.topology.description.plugin.class': className(null),
  'offset.metadata.max.bytes': int(4096, { doc: 'Largest metadata string of a committed offset.' }),
  'offsets.commit.timeout.ms': int(5000, { min: 1, doc: 'How long a commit of offsets may wait to become durable.' }),
  'offsets.load.buffer.size': int(5_242_880, { min: 1 }),
  'offsets.retention.check.interval.ms': long(600_000, { min: 1, doc: 'How often expired offsets are looked for.' }),
  'offsets.retention.minutes': int(10_080, { min: 1, doc: 'How long committed offsets of an empty group are kept.' }),
  'offsets.topic.compression.codec': int(0, { doc: 'Codec of what is written to __consumer_offsets, by its number.' }),
  'offsets.topic.num.partitions': int(50, { min: 1, doc: 'Partitions of __consumer_offsets when it is created.' }),
  'offsets.topic.replication.factor': short(3, { min: 1, doc: 'Replicas of __consumer_offsets when it is created.' }),
  'offsets.topic.segment.bytes': int(104_857_600, {
    min: 1,
    doc: 'Segment size of __consumer_offsets when it is created.',
  }),
  'share.coordinator.append.linger.ms': int(-1, { min: -1 }),
  'share.coordinator.cached.buffer.max.bytes': int(1_048_588, { min: 524_288, dynamic: 'cluster' }),
  'share.coordinator.cold.partition.snapshot.interval.ms': int(300_000, {
    min: 1,
    internal: true,
    doc: 'After so long without a write the state of a share partition is written whole.',
  }),
  'share.coordinator.load.buffer.size': int(5_242_880, { min: 1 }),
  'share.coordinator.snapshot.update.records.per.snapshot': int(500, {
    min: 0,
    max: 500,
    doc: 'Changes of a share partition between two snapshots of its state.',
  }),
  'share.coordinator.state.topic.compression.codec': int(0, {
    doc: 'Codec of what is written to __share_group_state, by its number.',
  }),
  'share.coordinator.state.topic.min.isr': short(2, { min: 1 }),
  'share.coordinator.state.topic.num.partitions': int(50, {
    min: 1,
    doc: 'Partitions of __share_group_state when it is created.',
  }),
  'share.coordinator.state.topic.prune.interval.ms': int(300_000, {
    min: 1,
    internal: true,
    doc: 'How often what is not needed of __share_group_state is deleted.',
  }),
  'share.coordinator.state.topic.replication.factor': short(3, {
    min: 1,
    doc: 'Replicas of __share_group_state when it is created.',
  }),
  'share.coordinator.state.topic.segment.bytes': int(104_857_600, {
    min: 1,
    doc: 'Segment size of __share_group_state when it is created.',
  }),
  'share.coordinator.threads': int(1, { min: 1 }),
  'share.coordinator.write.timeout.ms': int(5000, {
    min: 1,
    doc: 'How long a change of delivery state may wait to become durable.',
  }),
  'share.fetch.purgatory.purge.interval.requests': int(1000),
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': int(10_000, {
    min: 1,
    doc: 'How often transactions that take too long are looked for.',
  }),
  'transaction.max.timeout.ms': int(900_000, {
    min: 1,
    doc: 'Longest timeout that a transactional producer may ask for.',
  }),
  'transaction.partition.verification.enable': boolean(true, {
    dynamic: 'cluster',
    doc: 'Whether batches of old clients must belong to a transaction that their coordinator knows.',
  }),
  'transaction.remove.expired.transaction.cleanup.interval.ms': int(3_600_000, {
    min: 1,
    doc: 'How often expired transactional ids are looked for.',
  }),
  'transaction.state.log.load.buffer.size': int(5_242_880, { min: 1 }),
  'transaction.state.log.min.isr': int(2, {
    min: 1,
    doc: 'min.insync.replicas of __transaction_state when it is created.',
  }),
  'transaction.state.log.num.partitions': int(50, {
    min: 1,
    doc: 'Partitions of __transaction_state when it is created.',
  }),
  'transaction.state.log.replication.factor': short(3, {
    min: 1,
    doc: 'Replicas of __transaction_state when it is created.',
  }),
  'transaction.state.log.segment.bytes': int(104_857_600, {
    min: 1,
    doc: 'Segment size of __transaction_state when it is created.',
  }),
  'transaction.two.phase.commit.enable': boolean(false),
  'transactional.id.expiration.ms': int(604_800_000, {
    min: 1,
    doc: 'How long a transactional id that nobody uses is kept.',
  }),
}
