// The transaction coordinator put together with the parts of a broker that it lives on.

import type { BrokerConfig } from '../../config/broker-config.ts'
import { GROUP_TOPIC, TRANSACTION_TOPIC } from '../../metadata/internal-topics.ts'
import type { GroupCoordinator } from '../group/group-coordinator.ts'
import { endGroupTransaction } from '../group/offsets/transactional-commit.ts'
import type { CoordinatorTopic } from '../runtime/find-coordinator.ts'
import { InternalTopic } from '../runtime/internal-topic.ts'
import { ReplicaPartition } from '../runtime/replica-partition.ts'
import type { CoordinatorSurroundings } from '../runtime/surroundings.ts'
import { Admission } from './admission.ts'
import { MarkerWriter } from './marker-writer.ts'
import { type AllocateBlock, ProducerIds } from './producer-ids.ts'
import { transactionConfigOf } from './transaction-config.ts'
import { TransactionCoordinator } from './transaction-coordinator.ts'

export interface TransactionServices {
  readonly transactions: TransactionCoordinator
  readonly admission: Admission
  readonly producerIds: ProducerIds
  readonly markers: MarkerWriter
  /** `__transaction_state`, and which of its partitions a transactional id belongs to. */
  readonly transactionTopic: CoordinatorTopic
}

/** Before the replicas elect: who leads is heard from then on. */
export function createTransactionServices(
  { host, config, metadata, replicas, createTopics }: CoordinatorSurroundings,
  groups: GroupCoordinator,
  allocateBlock: AllocateBlock,
): TransactionServices {
  const producerIds = new ProducerIds(allocateBlock)
  const markers = new MarkerWriter({
    host,
    partition: (topic, index) => replicas.partition(topic, index),
    exists: (topic, index) => metadata.image.topics.partition(topic, index) !== undefined,
    groupTopic: GROUP_TOPIC,
    endGroupTransaction: (index, marker) => endGroupTransaction(groups, index, marker),
  })
  const transactions = new TransactionCoordinator({
    host,
    config: transactionConfigOf(config, () => metadata.image),
    producerIds,
    markers,
    partitionCount: () => metadata.image.topics.byName(TRANSACTION_TOPIC)?.partitions.length ?? 0,
  })
  replicas.onLeaderChange((topic, index, isLeader) => {
    if (topic !== TRANSACTION_TOPIC) return
    const partition = isLeader ? replicas.partition(topic, index) : undefined
    if (partition === undefined) transactions.onResigned(index)
    else transactions.onElected(index, new ReplicaPartition(partition))
  })
  const topic = new InternalTopic(TRANSACTION_TOPIC, host.logger, () => topicConfigOf(config), createTopics)
  const transactionTopic: CoordinatorTopic = {
    name: TRANSACTION_TOPIC,
    partitionOf: (transactionalId) => transactions.partitionOf(transactionalId),
    create: () => topic.create(),
  }
  return { transactions, admission: new Admission(host, transactions), producerIds, markers, transactionTopic }
}

function topicConfigOf(config: BrokerConfig) {
  return {
    partitionCount: config.get('transaction.state.log.num.partitions'),
    replicationFactor: config.get('transaction.state.log.replication.factor'),
    configs: {
      'unclean.leader.election.enable': 'false',
      'compression.type': 'uncompressed',
      'cleanup.policy': 'compact',
      'min.insync.replicas': String(config.get('transaction.state.log.min.isr')),
      'segment.bytes': String(config.get('transaction.state.log.segment.bytes')),
    },
  }
}
