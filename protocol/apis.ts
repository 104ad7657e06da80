// Every API that Apache Kafka 4.4 speaks, as rows: what ApiVersions, the dispatch and the documentation are derived
// from.
//
// `forwardable`: a broker passes the request on to the controller in an Envelope. `clusterAction`: brokers and
// controllers only. `latestVersionUnstable`: the last version is not advertised unless unstable versions are switched
// on.

import type { Fields } from './field.ts'
import { AllocateProducerIdsRequest, AllocateProducerIdsResponse } from './messages/cluster/allocate-producer-ids.ts'
import { ApiVersionsRequest, ApiVersionsResponse } from './messages/cluster/api-versions.ts'
import { BrokerHeartbeatRequest, BrokerHeartbeatResponse } from './messages/cluster/broker-heartbeat.ts'
import { BrokerRegistrationRequest, BrokerRegistrationResponse } from './messages/cluster/broker-registration.ts'
import {
  ControllerRegistrationRequest,
  ControllerRegistrationResponse,
} from './messages/cluster/controller-registration.ts'
import { DescribeClusterRequest, DescribeClusterResponse } from './messages/cluster/describe-cluster.ts'
import { EnvelopeRequest, EnvelopeResponse } from './messages/cluster/envelope.ts'
import { UnregisterBrokerRequest, UnregisterBrokerResponse } from './messages/cluster/unregister-broker.ts'
import { UnregisterControllerRequest, UnregisterControllerResponse } from './messages/cluster/unregister-controller.ts'
import { UpdateFeaturesRequest, UpdateFeaturesResponse } from './messages/cluster/update-features.ts'
import { AlterConfigsRequest, AlterConfigsResponse } from './messages/configs/alter-configs.ts'
import { DescribeConfigsRequest, DescribeConfigsResponse } from './messages/configs/describe-configs.ts'
import {
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse,
} from './messages/configs/incremental-alter-configs.ts'
import { ListConfigResourcesRequest, ListConfigResourcesResponse } from './messages/configs/list-config-resources.ts'
import {
  ConsumerGroupDescribeRequest,
  ConsumerGroupDescribeResponse,
} from './messages/consumer-groups/consumer-group-describe.ts'
import {
  ConsumerGroupHeartbeatRequest,
  ConsumerGroupHeartbeatResponse,
} from './messages/consumer-groups/consumer-group-heartbeat.ts'
import { DeleteRecordsRequest, DeleteRecordsResponse } from './messages/data/delete-records.ts'
import { FetchRequest, FetchResponse } from './messages/data/fetch.ts'
import { ListOffsetsRequest, ListOffsetsResponse } from './messages/data/list-offsets.ts'
import { OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse } from './messages/data/offset-for-leader-epoch.ts'
import { ProduceRequest, ProduceResponse } from './messages/data/produce.ts'
import { DeleteGroupsRequest, DeleteGroupsResponse } from './messages/groups/delete-groups.ts'
import { DescribeGroupsRequest, DescribeGroupsResponse } from './messages/groups/describe-groups.ts'
import { FindCoordinatorRequest, FindCoordinatorResponse } from './messages/groups/find-coordinator.ts'
import { HeartbeatRequest, HeartbeatResponse } from './messages/groups/heartbeat.ts'
import { JoinGroupRequest, JoinGroupResponse } from './messages/groups/join-group.ts'
import { LeaveGroupRequest, LeaveGroupResponse } from './messages/groups/leave-group.ts'
import { ListGroupsRequest, ListGroupsResponse } from './messages/groups/list-groups.ts'
import { OffsetCommitRequest, OffsetCommitResponse } from './messages/groups/offset-commit.ts'
import { OffsetDeleteRequest, OffsetDeleteResponse } from './messages/groups/offset-delete.ts'
import { OffsetFetchRequest, OffsetFetchResponse } from './messages/groups/offset-fetch.ts'
import { SyncGroupRequest, SyncGroupResponse } from './messages/groups/sync-group.ts'
import { AddRaftVoterRequest, AddRaftVoterResponse } from './messages/quorum/add-raft-voter.ts'
import { BeginQuorumEpochRequest, BeginQuorumEpochResponse } from './messages/quorum/begin-quorum-epoch.ts'
import { DescribeQuorumRequest, DescribeQuorumResponse } from './messages/quorum/describe-quorum.ts'
import { EndQuorumEpochRequest, EndQuorumEpochResponse } from './messages/quorum/end-quorum-epoch.ts'
import { FetchSnapshotRequest, FetchSnapshotResponse } from './messages/quorum/fetch-snapshot.ts'
import { RemoveRaftVoterRequest, RemoveRaftVoterResponse } from './messages/quorum/remove-raft-voter.ts'
import { UpdateRaftVoterRequest, UpdateRaftVoterResponse } from './messages/quorum/update-raft-voter.ts'
import { VoteRequest, VoteResponse } from './messages/quorum/vote.ts'
import { AlterClientQuotasRequest, AlterClientQuotasResponse } from './messages/quotas/alter-client-quotas.ts'
import { DescribeClientQuotasRequest, DescribeClientQuotasResponse } from './messages/quotas/describe-client-quotas.ts'
import { AlterPartitionRequest, AlterPartitionResponse } from './messages/replicas/alter-partition.ts'
import {
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponse,
} from './messages/replicas/alter-partition-reassignments.ts'
import { AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse } from './messages/replicas/alter-replica-log-dirs.ts'
import {
  AssignReplicasToDirsRequest,
  AssignReplicasToDirsResponse,
} from './messages/replicas/assign-replicas-to-dirs.ts'
import { DescribeLogDirsRequest, DescribeLogDirsResponse } from './messages/replicas/describe-log-dirs.ts'
import { ElectLeadersRequest, ElectLeadersResponse } from './messages/replicas/elect-leaders.ts'
import {
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsResponse,
} from './messages/replicas/list-partition-reassignments.ts'
import {
  AlterUserScramCredentialsRequest,
  AlterUserScramCredentialsResponse,
} from './messages/security/alter-user-scram-credentials.ts'
import { CreateAclsRequest, CreateAclsResponse } from './messages/security/create-acls.ts'
import {
  CreateDelegationTokenRequest,
  CreateDelegationTokenResponse,
} from './messages/security/create-delegation-token.ts'
import { DeleteAclsRequest, DeleteAclsResponse } from './messages/security/delete-acls.ts'
import { DescribeAclsRequest, DescribeAclsResponse } from './messages/security/describe-acls.ts'
import {
  DescribeDelegationTokenRequest,
  DescribeDelegationTokenResponse,
} from './messages/security/describe-delegation-token.ts'
import {
  DescribeUserScramCredentialsRequest,
  DescribeUserScramCredentialsResponse,
} from './messages/security/describe-user-scram-credentials.ts'
import {
  ExpireDelegationTokenRequest,
  ExpireDelegationTokenResponse,
} from './messages/security/expire-delegation-token.ts'
import {
  RenewDelegationTokenRequest,
  RenewDelegationTokenResponse,
} from './messages/security/renew-delegation-token.ts'
import { SaslAuthenticateRequest, SaslAuthenticateResponse } from './messages/security/sasl-authenticate.ts'
import { SaslHandshakeRequest, SaslHandshakeResponse } from './messages/security/sasl-handshake.ts'
import {
  AlterShareGroupOffsetsRequest,
  AlterShareGroupOffsetsResponse,
} from './messages/share-groups/alter-share-group-offsets.ts'
import {
  DeleteShareGroupOffsetsRequest,
  DeleteShareGroupOffsetsResponse,
} from './messages/share-groups/delete-share-group-offsets.ts'
import {
  DeleteShareGroupStateRequest,
  DeleteShareGroupStateResponse,
} from './messages/share-groups/delete-share-group-state.ts'
import {
  DescribeShareGroupOffsetsRequest,
  DescribeShareGroupOffsetsResponse,
} from './messages/share-groups/describe-share-group-offsets.ts'
import {
  InitializeShareGroupStateRequest,
  InitializeShareGroupStateResponse,
} from './messages/share-groups/initialize-share-group-state.ts'
import {
  ReadShareGroupStateRequest,
  ReadShareGroupStateResponse,
} from './messages/share-groups/read-share-group-state.ts'
import {
  ReadShareGroupStateSummaryRequest,
  ReadShareGroupStateSummaryResponse,
} from './messages/share-groups/read-share-group-state-summary.ts'
import { ShareAcknowledgeRequest, ShareAcknowledgeResponse } from './messages/share-groups/share-acknowledge.ts'
import { ShareFetchRequest, ShareFetchResponse } from './messages/share-groups/share-fetch.ts'
import { ShareGroupDescribeRequest, ShareGroupDescribeResponse } from './messages/share-groups/share-group-describe.ts'
import {
  ShareGroupHeartbeatRequest,
  ShareGroupHeartbeatResponse,
} from './messages/share-groups/share-group-heartbeat.ts'
import {
  WriteShareGroupStateRequest,
  WriteShareGroupStateResponse,
} from './messages/share-groups/write-share-group-state.ts'
import {
  StreamsGroupDescribeRequest,
  StreamsGroupDescribeResponse,
} from './messages/streams-groups/streams-group-describe.ts'
import {
  StreamsGroupHeartbeatRequest,
  StreamsGroupHeartbeatResponse,
} from './messages/streams-groups/streams-group-heartbeat.ts'
import {
  StreamsGroupTopologyDescriptionUpdateRequest,
  StreamsGroupTopologyDescriptionUpdateResponse,
} from './messages/streams-groups/streams-group-topology-description-update.ts'
import {
  GetTelemetrySubscriptionsRequest,
  GetTelemetrySubscriptionsResponse,
} from './messages/telemetry/get-telemetry-subscriptions.ts'
import { PushTelemetryRequest, PushTelemetryResponse } from './messages/telemetry/push-telemetry.ts'
import { CreatePartitionsRequest, CreatePartitionsResponse } from './messages/topics/create-partitions.ts'
import { CreateTopicsRequest, CreateTopicsResponse } from './messages/topics/create-topics.ts'
import { DeleteTopicsRequest, DeleteTopicsResponse } from './messages/topics/delete-topics.ts'
import {
  DescribeTopicPartitionsRequest,
  DescribeTopicPartitionsResponse,
} from './messages/topics/describe-topic-partitions.ts'
import { MetadataRequest, MetadataResponse } from './messages/topics/metadata.ts'
import { AddOffsetsToTxnRequest, AddOffsetsToTxnResponse } from './messages/transactions/add-offsets-to-txn.ts'
import { AddPartitionsToTxnRequest, AddPartitionsToTxnResponse } from './messages/transactions/add-partitions-to-txn.ts'
import { DescribeProducersRequest, DescribeProducersResponse } from './messages/transactions/describe-producers.ts'
import {
  DescribeTransactionsRequest,
  DescribeTransactionsResponse,
} from './messages/transactions/describe-transactions.ts'
import { EndTxnRequest, EndTxnResponse } from './messages/transactions/end-txn.ts'
import { InitProducerIdRequest, InitProducerIdResponse } from './messages/transactions/init-producer-id.ts'
import { ListTransactionsRequest, ListTransactionsResponse } from './messages/transactions/list-transactions.ts'
import { TxnOffsetCommitRequest, TxnOffsetCommitResponse } from './messages/transactions/txn-offset-commit.ts'
import { WriteTxnMarkersRequest, WriteTxnMarkersResponse } from './messages/transactions/write-txn-markers.ts'
import type { Infer, Input, Message } from './schema.ts'

export type Listener = 'broker' | 'controller'

export interface Api<Request extends Fields = Fields, Response extends Fields = Fields> {
  readonly key: number
  readonly name: string
  readonly request: Message<Request>
  readonly response: Message<Response>
  readonly minVersion: number
  readonly maxVersion: number
  readonly latestVersionUnstable: boolean
  readonly listeners: readonly Listener[]
  readonly forwardable: boolean
  readonly clusterAction: boolean
  /** Version of the header that precedes a request, or a response, of the given version. */
  requestHeaderVersion(version: number): number
  responseHeaderVersion(version: number): number
}

type Traits = Partial<Pick<Api, 'latestVersionUnstable' | 'forwardable' | 'clusterAction'>>

const BROKER: readonly Listener[] = ['broker']
const CONTROLLER: readonly Listener[] = ['controller']
const BOTH: readonly Listener[] = ['broker', 'controller']

const API_VERSIONS_KEY = 18

function api<Request extends Fields, Response extends Fields>(
  request: Message<Request>,
  response: Message<Response>,
  listeners: readonly Listener[],
  traits: Traits = {},
): Api<Request, Response> {
  const key = request.apiKey
  const flexible = request.flexibleSince
  // A client that asks for a version we lack must still be able to read the answer: no tagged fields in this one
  // header.
  const flexibleHeader = key === API_VERSIONS_KEY ? Number.POSITIVE_INFINITY : flexible
  return {
    key,
    name: request.name.slice(0, -'Request'.length),
    request,
    response,
    minVersion: request.minVersion,
    maxVersion: request.maxVersion,
    latestVersionUnstable: traits.latestVersionUnstable ?? false,
    listeners,
    forwardable: traits.forwardable ?? false,
    clusterAction: traits.clusterAction ?? false,
    requestHeaderVersion: (version) => (version >= flexible ? 2 : 1),
    responseHeaderVersion: (version) => (version >= flexibleHeader ? 1 : 0),
  }
}

/** In the order of their keys. */
export const apis = {
  Produce: api(ProduceRequest, ProduceResponse, BROKER),
  Fetch: api(FetchRequest, FetchResponse, BOTH),
  ListOffsets: api(ListOffsetsRequest, ListOffsetsResponse, BROKER),
  Metadata: api(MetadataRequest, MetadataResponse, BROKER),
  OffsetCommit: api(OffsetCommitRequest, OffsetCommitResponse, BROKER),
  OffsetFetch: api(OffsetFetchRequest, OffsetFetchResponse, BROKER),
  FindCoordinator: api(FindCoordinatorRequest, FindCoordinatorResponse, BROKER),
  JoinGroup: api(JoinGroupRequest, JoinGroupResponse, BROKER),
  Heartbeat: api(HeartbeatRequest, HeartbeatResponse, BROKER),
  LeaveGroup: api(LeaveGroupRequest, LeaveGroupResponse, BROKER),
  SyncGroup: api(SyncGroupRequest, SyncGroupResponse, BROKER),
  DescribeGroups: api(DescribeGroupsRequest, DescribeGroupsResponse, BROKER),
  ListGroups: api(ListGroupsRequest, ListGroupsResponse, BROKER),
  SaslHandshake: api(SaslHandshakeRequest, SaslHandshakeResponse, BOTH),
  ApiVersions: api(ApiVersionsRequest, ApiVersionsResponse, BOTH),
  CreateTopics: api(CreateTopicsRequest, CreateTopicsResponse, BOTH, { forwardable: true }),
  DeleteTopics: api(DeleteTopicsRequest, DeleteTopicsResponse, BOTH, { forwardable: true }),
  DeleteRecords: api(DeleteRecordsRequest, DeleteRecordsResponse, BROKER),
  InitProducerId: api(InitProducerIdRequest, InitProducerIdResponse, BROKER, { latestVersionUnstable: true }),
  OffsetForLeaderEpoch: api(OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, BROKER),
  AddPartitionsToTxn: api(AddPartitionsToTxnRequest, AddPartitionsToTxnResponse, BROKER),
  AddOffsetsToTxn: api(AddOffsetsToTxnRequest, AddOffsetsToTxnResponse, BROKER),
  EndTxn: api(EndTxnRequest, EndTxnResponse, BROKER),
  WriteTxnMarkers: api(WriteTxnMarkersRequest, WriteTxnMarkersResponse, BROKER, { clusterAction: true }),
  TxnOffsetCommit: api(TxnOffsetCommitRequest, TxnOffsetCommitResponse, BROKER),
  DescribeAcls: api(DescribeAclsRequest, DescribeAclsResponse, BOTH),
  CreateAcls: api(CreateAclsRequest, CreateAclsResponse, BOTH, { forwardable: true }),
  DeleteAcls: api(DeleteAclsRequest, DeleteAclsResponse, BOTH, { forwardable: true }),
  DescribeConfigs: api(DescribeConfigsRequest, DescribeConfigsResponse, BOTH),
  AlterConfigs: api(AlterConfigsRequest, AlterConfigsResponse, BOTH, { forwardable: true }),
  AlterReplicaLogDirs: api(AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse, BROKER),
  DescribeLogDirs: api(DescribeLogDirsRequest, DescribeLogDirsResponse, BROKER),
  SaslAuthenticate: api(SaslAuthenticateRequest, SaslAuthenticateResponse, BOTH),
  CreatePartitions: api(CreatePartitionsRequest, CreatePartitionsResponse, BOTH, { forwardable: true }),
  CreateDelegationToken: api(CreateDelegationTokenRequest, CreateDelegationTokenResponse, BOTH, { forwardable: true }),
  RenewDelegationToken: api(RenewDelegationTokenRequest, RenewDelegationTokenResponse, BOTH, { forwardable: true }),
  ExpireDelegationToken: api(ExpireDelegationTokenRequest, ExpireDelegationTokenResponse, BOTH, { forwardable: true }),
  DescribeDelegationToken: api(DescribeDelegationTokenRequest, DescribeDelegationTokenResponse, BOTH),
  DeleteGroups: api(DeleteGroupsRequest, DeleteGroupsResponse, BROKER),
  ElectLeaders: api(ElectLeadersRequest, ElectLeadersResponse, BOTH, { forwardable: true }),
  IncrementalAlterConfigs: api(IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse, BOTH, {
    forwardable: true,
  }),
  AlterPartitionReassignments: api(AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse, BOTH, {
    forwardable: true,
  }),
  ListPartitionReassignments: api(ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse, BOTH, {
    forwardable: true,
  }),
  OffsetDelete: api(OffsetDeleteRequest, OffsetDeleteResponse, BROKER),
  DescribeClientQuotas: api(DescribeClientQuotasRequest, DescribeClientQuotasResponse, BROKER),
  AlterClientQuotas: api(AlterClientQuotasRequest, AlterClientQuotasResponse, BOTH, { forwardable: true }),
  DescribeUserScramCredentials: api(DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse, BOTH),
  AlterUserScramCredentials: api(AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse, BOTH, {
    forwardable: true,
  }),
  Vote: api(VoteRequest, VoteResponse, CONTROLLER, { clusterAction: true }),
  BeginQuorumEpoch: api(BeginQuorumEpochRequest, BeginQuorumEpochResponse, CONTROLLER, { clusterAction: true }),
  EndQuorumEpoch: api(EndQuorumEpochRequest, EndQuorumEpochResponse, CONTROLLER, { clusterAction: true }),
  DescribeQuorum: api(DescribeQuorumRequest, DescribeQuorumResponse, BOTH, { forwardable: true, clusterAction: true }),
  AlterPartition: api(AlterPartitionRequest, AlterPartitionResponse, CONTROLLER, { clusterAction: true }),
  UpdateFeatures: api(UpdateFeaturesRequest, UpdateFeaturesResponse, BOTH, { forwardable: true, clusterAction: true }),
  Envelope: api(EnvelopeRequest, EnvelopeResponse, CONTROLLER, { clusterAction: true }),
  FetchSnapshot: api(FetchSnapshotRequest, FetchSnapshotResponse, CONTROLLER),
  DescribeCluster: api(DescribeClusterRequest, DescribeClusterResponse, BOTH),
  DescribeProducers: api(DescribeProducersRequest, DescribeProducersResponse, BROKER),
  BrokerRegistration: api(BrokerRegistrationRequest, BrokerRegistrationResponse, CONTROLLER, { clusterAction: true }),
  BrokerHeartbeat: api(BrokerHeartbeatRequest, BrokerHeartbeatResponse, CONTROLLER, { clusterAction: true }),
  UnregisterBroker: api(UnregisterBrokerRequest, UnregisterBrokerResponse, BOTH, { forwardable: true }),
  DescribeTransactions: api(DescribeTransactionsRequest, DescribeTransactionsResponse, BROKER),
  ListTransactions: api(ListTransactionsRequest, ListTransactionsResponse, BROKER),
  AllocateProducerIds: api(AllocateProducerIdsRequest, AllocateProducerIdsResponse, CONTROLLER, {
    forwardable: true,
    clusterAction: true,
  }),
  ConsumerGroupHeartbeat: api(ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, BROKER),
  ConsumerGroupDescribe: api(ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse, BROKER),
  ControllerRegistration: api(ControllerRegistrationRequest, ControllerRegistrationResponse, CONTROLLER),
  GetTelemetrySubscriptions: api(GetTelemetrySubscriptionsRequest, GetTelemetrySubscriptionsResponse, BROKER),
  PushTelemetry: api(PushTelemetryRequest, PushTelemetryResponse, BROKER),
  AssignReplicasToDirs: api(AssignReplicasToDirsRequest, AssignReplicasToDirsResponse, CONTROLLER),
  ListConfigResources: api(ListConfigResourcesRequest, ListConfigResourcesResponse, BROKER),
  DescribeTopicPartitions: api(DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse, BROKER),
  ShareGroupHeartbeat: api(ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse, BROKER),
  ShareGroupDescribe: api(ShareGroupDescribeRequest, ShareGroupDescribeResponse, BROKER),
  ShareFetch: api(ShareFetchRequest, ShareFetchResponse, BROKER),
  ShareAcknowledge: api(ShareAcknowledgeRequest, ShareAcknowledgeResponse, BROKER),
  AddRaftVoter: api(AddRaftVoterRequest, AddRaftVoterResponse, BOTH, { forwardable: true }),
  RemoveRaftVoter: api(RemoveRaftVoterRequest, RemoveRaftVoterResponse, BOTH, { forwardable: true }),
  UpdateRaftVoter: api(UpdateRaftVoterRequest, UpdateRaftVoterResponse, CONTROLLER),
  InitializeShareGroupState: api(InitializeShareGroupStateRequest, InitializeShareGroupStateResponse, BROKER, {
    clusterAction: true,
  }),
  ReadShareGroupState: api(ReadShareGroupStateRequest, ReadShareGroupStateResponse, BROKER, { clusterAction: true }),
  WriteShareGroupState: api(WriteShareGroupStateRequest, WriteShareGroupStateResponse, BROKER, { clusterAction: true }),
  DeleteShareGroupState: api(DeleteShareGroupStateRequest, DeleteShareGroupStateResponse, BROKER, {
    clusterAction: true,
  }),
  ReadShareGroupStateSummary: api(ReadShareGroupStateSummaryRequest, ReadShareGroupStateSummaryResponse, BROKER, {
    clusterAction: true,
  }),
  StreamsGroupHeartbeat: api(StreamsGroupHeartbeatRequest, StreamsGroupHeartbeatResponse, BROKER),
  StreamsGroupDescribe: api(StreamsGroupDescribeRequest, StreamsGroupDescribeResponse, BROKER),
  DescribeShareGroupOffsets: api(DescribeShareGroupOffsetsRequest, DescribeShareGroupOffsetsResponse, BROKER),
  AlterShareGroupOffsets: api(AlterShareGroupOffsetsRequest, AlterShareGroupOffsetsResponse, BROKER),
  DeleteShareGroupOffsets: api(DeleteShareGroupOffsetsRequest, DeleteShareGroupOffsetsResponse, BROKER),
  StreamsGroupTopologyDescriptionUpdate: api(
    StreamsGroupTopologyDescriptionUpdateRequest,
    StreamsGroupTopologyDescriptionUpdateResponse,
    BROKER,
  ),
  UnregisterController: api(UnregisterControllerRequest, UnregisterControllerResponse, BOTH, { forwardable: true }),
}

export type Apis = typeof apis
export type ApiName = keyof Apis
export type RequestOf<Name extends ApiName> = Infer<Apis[Name]['request']>
export type RequestInputOf<Name extends ApiName> = Input<Apis[Name]['request']>
export type ResponseOf<Name extends ApiName> = Infer<Apis[Name]['response']>
export type ResponseInputOf<Name extends ApiName> = Input<Apis[Name]['response']>

const byKey: (Api | undefined)[] = []
for (const row of Object.values<Api>(apis)) byKey[row.key] = row

export function apiByKey(key: number): Api | undefined {
  return byKey[key]
}
