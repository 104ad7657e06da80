// Every API that this broker serves, by family. ApiVersions, the dispatch and the documentation are derived from it: an
// API without a row is not advertised, and a request for it closes its connection.

import type { ApiName } from '../../protocol/apis.ts'
import { apiVersions } from './cluster/api-versions.ts'
import { describeCluster } from './cluster/describe-cluster.ts'
import { addRaftVoter, describeQuorum, removeRaftVoter, unregisterController } from './cluster/quorum.ts'
import { unregisterBroker } from './cluster/unregister-broker.ts'
import { updateFeatures } from './cluster/update-features.ts'
import { alterConfigs } from './configs/alter-configs.ts'
import { describeConfigs } from './configs/describe-configs.ts'
import { incrementalAlterConfigs } from './configs/incremental-alter-configs.ts'
import { listConfigResources } from './configs/list-config-resources.ts'
import { deleteRecords } from './data/delete-records.ts'
import { fetch } from './data/fetch.ts'
import { listOffsets } from './data/list-offsets.ts'
import { offsetForLeaderEpoch } from './data/offset-for-leader-epoch.ts'
import { produce } from './data/produce.ts'
import { consumerGroupDescribe } from './groups/consumer-group-describe.ts'
import { consumerGroupHeartbeat } from './groups/consumer-group-heartbeat.ts'
import { deleteGroups } from './groups/delete-groups.ts'
import { describeGroups } from './groups/describe-groups.ts'
import { findCoordinator } from './groups/find-coordinator.ts'
import { heartbeat } from './groups/heartbeat.ts'
import { joinGroup } from './groups/join-group.ts'
import { leaveGroup } from './groups/leave-group.ts'
import { listGroups } from './groups/list-groups.ts'
import { offsetCommit } from './groups/offset-commit.ts'
import { offsetDelete } from './groups/offset-delete.ts'
import { offsetFetch } from './groups/offset-fetch.ts'
import { streamsGroupDescribe } from './groups/streams-group-describe.ts'
import { streamsGroupHeartbeat } from './groups/streams-group-heartbeat.ts'
import { streamsGroupTopologyDescriptionUpdate } from './groups/streams-group-topology-description-update.ts'
import { syncGroup } from './groups/sync-group.ts'
import type { HandlerRow } from './handler.ts'
import { alterClientQuotas } from './quotas/alter-client-quotas.ts'
import { describeClientQuotas } from './quotas/describe-client-quotas.ts'
import { alterReplicaLogDirs } from './replicas/alter-replica-log-dirs.ts'
import { describeLogDirs } from './replicas/describe-log-dirs.ts'
import { describeProducers } from './replicas/describe-producers.ts'
import { electLeaders } from './replicas/elect-leaders.ts'
import { alterPartitionReassignments, listPartitionReassignments } from './replicas/partition-reassignments.ts'
import { createAcls, deleteAcls, describeAcls } from './security/acls.ts'
import { alterUserScramCredentials, describeUserScramCredentials } from './security/scram-credentials.ts'
import { alterShareGroupOffsets } from './share/alter-share-group-offsets.ts'
import { deleteShareGroupOffsets } from './share/delete-share-group-offsets.ts'
import { describeShareGroupOffsets } from './share/describe-share-group-offsets.ts'
import { shareAcknowledge } from './share/share-acknowledge.ts'
import { shareFetch } from './share/share-fetch.ts'
import { shareGroupDescribe } from './share/share-group-describe.ts'
import { shareGroupHeartbeat } from './share/share-group-heartbeat.ts'
import {
  deleteShareGroupState,
  initializeShareGroupState,
  readShareGroupState,
  readShareGroupStateSummary,
  writeShareGroupState,
} from './share/share-state.ts'
import { getTelemetrySubscriptions, pushTelemetry } from './telemetry/telemetry.ts'
import { createPartitions } from './topics/create-partitions.ts'
import { createTopics } from './topics/create-topics.ts'
import { deleteTopics } from './topics/delete-topics.ts'
import { describeTopicPartitions } from './topics/describe-topic-partitions.ts'
import { metadata } from './topics/metadata.ts'
import { addOffsetsToTxn } from './transactions/add-offsets-to-txn.ts'
import { addPartitionsToTxn } from './transactions/add-partitions-to-txn.ts'
import { describeTransactions } from './transactions/describe-transactions.ts'
import { endTxn } from './transactions/end-txn.ts'
import { initProducerId } from './transactions/init-producer-id.ts'
import { listTransactions } from './transactions/list-transactions.ts'
import { txnOffsetCommit } from './transactions/txn-offset-commit.ts'
import { writeTxnMarkers } from './transactions/write-txn-markers.ts'

export const handlers: readonly HandlerRow[] = [
  // cluster
  apiVersions,
  describeCluster,
  updateFeatures,
  describeQuorum,
  addRaftVoter,
  removeRaftVoter,
  unregisterController,
  unregisterBroker,
  // data
  produce,
  fetch,
  listOffsets,
  offsetForLeaderEpoch,
  deleteRecords,
  // groups
  findCoordinator,
  joinGroup,
  syncGroup,
  heartbeat,
  leaveGroup,
  offsetCommit,
  offsetFetch,
  offsetDelete,
  listGroups,
  describeGroups,
  deleteGroups,
  consumerGroupHeartbeat,
  consumerGroupDescribe,
  streamsGroupHeartbeat,
  streamsGroupDescribe,
  streamsGroupTopologyDescriptionUpdate,
  // share groups
  shareGroupHeartbeat,
  shareGroupDescribe,
  shareFetch,
  shareAcknowledge,
  initializeShareGroupState,
  readShareGroupState,
  writeShareGroupState,
  deleteShareGroupState,
  readShareGroupStateSummary,
  describeShareGroupOffsets,
  alterShareGroupOffsets,
  deleteShareGroupOffsets,
  // topics
  metadata,
  createTopics,
  deleteTopics,
  createPartitions,
  describeTopicPartitions,
  // configs
  describeConfigs,
  alterConfigs,
  incrementalAlterConfigs,
  listConfigResources,
  // replicas
  describeLogDirs,
  alterReplicaLogDirs,
  describeProducers,
  electLeaders,
  alterPartitionReassignments,
  listPartitionReassignments,
  // quotas
  describeClientQuotas,
  alterClientQuotas,
  // telemetry
  getTelemetrySubscriptions,
  pushTelemetry,
  // security
  describeAcls,
  createAcls,
  deleteAcls,
  describeUserScramCredentials,
  alterUserScramCredentials,
  // transactions
  initProducerId,
  addPartitionsToTxn,
  addOffsetsToTxn,
  endTxn,
  writeTxnMarkers,
  txnOffsetCommit,
  describeTransactions,
  listTransactions,
]

/** What the controller answers where it is asked past the broker (KIP-919). */
const CONTROLLER_APIS: ReadonlySet<ApiName> = new Set<ApiName>([
  ...(['ApiVersions', 'DescribeCluster', 'DescribeQuorum', 'AddRaftVoter', 'RemoveRaftVoter'] as const),
  ...(['UnregisterController', 'UnregisterBroker', 'UpdateFeatures', 'ElectLeaders'] as const),
  ...(['AlterPartitionReassignments', 'ListPartitionReassignments', 'AlterClientQuotas'] as const),
  ...(['CreateTopics', 'DeleteTopics', 'CreatePartitions'] as const),
  ...(['DescribeConfigs', 'AlterConfigs', 'IncrementalAlterConfigs'] as const),
  ...(['DescribeAcls', 'CreateAcls', 'DeleteAcls'] as const),
  ...(['DescribeUserScramCredentials', 'AlterUserScramCredentials'] as const),
])

export const controllerHandlers: readonly HandlerRow[] = handlers.filter(({ name }) => CONTROLLER_APIS.has(name))
