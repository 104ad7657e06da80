// StreamsGroupDescribe (89): state, topology and members of streams groups.

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

export const StreamsGroupDescribeRequest = request('StreamsGroupDescribe', 89, versions(0, 1, { flexible: 0 }), {
  groupIds: array(string()),
  includeAuthorizedOperations: bool(),
  includeTopologyDescription: bool({ since: 1 }),
})
export type StreamsGroupDescribeRequest = Infer<typeof StreamsGroupDescribeRequest>

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
  repartitionSinkTopics: array(string()),
  stateChangelogTopics: array(TopicInfo),
  repartitionSourceTopics: array(TopicInfo),
}

export const Topology = {
  epoch: int32(),
  subtopologies: array(Subtopology, { nullable: true, default: null }),
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

export const TaskIds = {
  subtopologyId: string(),
  partitions: array(int32()),
}

export const Assignment = {
  activeTasks: array(TaskIds),
  standbyTasks: array(TaskIds),
  warmupTasks: array(TaskIds),
}

export const Member = {
  memberId: string(),
  memberEpoch: int32(),
  instanceId: string({ nullable: true, default: null }),
  rackId: string({ nullable: true, default: null }),
  clientId: string(),
  clientHost: string(),
  topologyEpoch: int32(),
  processId: string(),
  userEndpoint: struct(Endpoint, { nullable: true, default: null }),
  clientTags: array(KeyValue),
  taskOffsets: array(TaskOffset),
  taskEndOffsets: array(TaskOffset),
  assignment: struct(Assignment),
  targetAssignment: struct(Assignment),
  isClassic: bool(),
}

export const TopologyDescriptionNode = {
  name: string(),
  nodeType: int8(),
  sourceTopics: array(string()),
  sinkTopic: string({ nullable: true, default: null }),
  stores: array(string()),
  successors: array(string()),
}

export const TopologyDescriptionSubtopology = {
  subtopologyId: string(),
  nodes: array(TopologyDescriptionNode),
}

export const TopologyDescriptionGlobalStore = {
  source: struct(TopologyDescriptionNode),
  processor: struct(TopologyDescriptionNode),
}

export const TopologyDescription = {
  subtopologies: array(TopologyDescriptionSubtopology),
  globalStores: array(TopologyDescriptionGlobalStore),
}

export const DescribedGroup = {
  errorCode: int16(),
  errorMessage: string({ nullable: true, default: null }),
  groupId: string(),
  groupState: string(),
  groupEpoch: int32(),
  assignmentEpoch: int32(),
  topology: struct(Topology, { nullable: true, default: null }),
  members: array(Member),
  authorizedOperations: int32({ default: -2147483648 }),
  topologyDescription: struct(TopologyDescription, { since: 1, nullable: true, default: null }),
  topologyDescriptionStatus: int8({ since: 1 }),
  assignorName: string({ since: 1, nullable: true, default: null }),
}

export const StreamsGroupDescribeResponse = response('StreamsGroupDescribe', 89, versions(0, 1, { flexible: 0 }), {
  throttleTimeMs: int32(),
  groups: array(DescribedGroup),
})
export type StreamsGroupDescribeResponse = Infer<typeof StreamsGroupDescribeResponse>
