// StreamsGroupHeartbeat (88): members of a streams group (KIP-1071) join, report tasks and get them.

import {
  array,
  bool,
  type Infer,
  int8,
  int16,
  int32,
  int64,
  request,
  response,
  string,
  struct,
  uint16,
  versions,
} from '../../schema.ts'

export const KeyValue = {
  key: string(),
  value: string(),
}

export const TopicInfo = {
  name: string(),
  partitions: int32(),
  replicationFactor: int16(),
  topicConfigs: array(KeyValue),
}

export const Subtopology = {
  subtopologyId: string(),
  sourceTopics: array(string()),
  sourceTopicRegex: array(string()),
  stateChangelogTopics: array(TopicInfo),
  repartitionSinkTopics: array(string()),
  repartitionSourceTopics: array(TopicInfo),
  copartitionGroups: array({
    sourceTopics: array(int16()),
    sourceTopicRegex: array(int16()),
    repartitionSourceTopics: array(int16()),
  }),
}

export const Topology = {
  epoch: int32(),
  subtopologies: array(Subtopology),
}

export const TaskIds = {
  subtopologyId: string(),
  partitions: array(int32()),
}

export const Endpoint = {
  host: string(),
  port: uint16(),
}

export const TaskOffset = {
  subtopologyId: string(),
  partition: int32(),
  offset: int64(),
}

export const StreamsGroupHeartbeatRequest = request('StreamsGroupHeartbeat', 88, versions(0, 1, { flexible: 0 }), {
  groupId: string(),
  memberId: string(),
  memberEpoch: int32(),
  endpointInformationEpoch: int32(),
  instanceId: string({ nullable: true, default: null }),
  rackId: string({ nullable: true, default: null }),
  rebalanceTimeoutMs: int32({ default: -1 }),
  topology: struct(Topology, { nullable: true, default: null }),
  activeTasks: array(TaskIds, { nullable: true, default: null }),
  standbyTasks: array(TaskIds, { nullable: true, default: null }),
  warmupTasks: array(TaskIds, { nullable: true, default: null }),
  processId: string({ nullable: true, default: null }),
  userEndpoint: struct(Endpoint, { nullable: true, default: null }),
  clientTags: array(KeyValue, { nullable: true, default: null }),
  taskOffsets: array(TaskOffset, { nullable: true, default: null }),
  taskEndOffsets: array(TaskOffset, { nullable: true, default: null }),
  shutdownApplication: bool(),
})
export type StreamsGroupHeartbeatRequest = Infer<typeof StreamsGroupHeartbeatRequest>

export const Status = {
  statusCode: int8(),
  statusDetail: string(),
}

export const TopicPartition = {
  topic: string(),
  partitions: array(int32()),
}

export const EndpointToPartitions = {
  userEndpoint: struct({ host: string(), port: uint16() }),
  activePartitions: array(TopicPartition),
  standbyPartitions: array(TopicPartition),
}

export const StreamsGroupHeartbeatResponse = response('StreamsGroupHeartbeat', 88, versions(0, 1, { flexible: 0 }), {
  throttleTimeMs: int32(),
  errorCode: int16(),
  errorMessage: string({ nullable: true, default: null }),
  memberId: string(),
  memberEpoch: int32(),
  heartbeatIntervalMs: int32(),
  acceptableRecoveryLagLegacy: int32({ until: 0 }),
  taskOffsetIntervalMs: int32(),
  acceptableRecoveryLag: int64({ since: 1, default: -1n }),
  status: array(Status, { nullable: true }),
  activeTasks: array(TaskIds, { nullable: true, default: null }),
  standbyTasks: array(TaskIds, { nullable: true, default: null }),
  warmupTasks: array(TaskIds, { nullable: true, default: null }),
  topologyDescriptionRequired: bool({ since: 1 }),
  endpointInformationEpoch: int32(),
  partitionsByUserEndpoint: array(EndpointToPartitions, { nullable: true, default: null }),
})
export type StreamsGroupHeartbeatResponse = Infer<typeof StreamsGroupHeartbeatResponse>
