// Streams groups in `__consumer_offsets`.

import { array, type Infer, int8, int16, int32, int64, record, string, struct, uint16, versions } from '../../schema.ts'

export const StreamsGroupMetadataKey = record('StreamsGroupMetadataKey', 17, versions(0, 0), {
  groupId: string(),
})
export type StreamsGroupMetadataKey = Infer<typeof StreamsGroupMetadataKey>

export const LastAssignmentConfig = {
  key: string(),
  value: string(),
}

export const StreamsGroupMetadataValue = record('StreamsGroupMetadataValue', 17, versions(0, 0, { flexible: 0 }), {
  epoch: int32(),
  metadataHash: int64(),
  validatedTopologyEpoch: int32({ tag: 0, default: -1 }),
  lastAssignmentConfigs: array(LastAssignmentConfig, { nullable: true, tag: 1 }),
  storedDescriptionTopologyEpoch: int32({ tag: 2, default: -1 }),
  failedDescriptionTopologyEpoch: int32({ tag: 3, default: -1 }),
})
export type StreamsGroupMetadataValue = Infer<typeof StreamsGroupMetadataValue>

export const StreamsGroupMemberMetadataKey = record('StreamsGroupMemberMetadataKey', 19, versions(0, 0), {
  groupId: string(),
  memberId: string(),
})
export type StreamsGroupMemberMetadataKey = Infer<typeof StreamsGroupMemberMetadataKey>

export const Endpoint = {
  host: string(),
  port: uint16(),
}

export const StreamsGroupMemberMetadataValue = record(
  'StreamsGroupMemberMetadataValue',
  19,
  versions(0, 0, { flexible: 0 }),
  {
    instanceId: string({ nullable: true }),
    rackId: string({ nullable: true }),
    clientId: string(),
    clientHost: string(),
    rebalanceTimeoutMs: int32({ default: -1 }),
    topologyEpoch: int32(),
    processId: string(),
    userEndpoint: struct(Endpoint, { nullable: true, default: null }),
    clientTags: array({ key: string(), value: string() }),
  },
)
export type StreamsGroupMemberMetadataValue = Infer<typeof StreamsGroupMemberMetadataValue>

export const StreamsGroupTargetAssignmentMetadataKey = record(
  'StreamsGroupTargetAssignmentMetadataKey',
  20,
  versions(0, 0),
  {
    groupId: string(),
  },
)
export type StreamsGroupTargetAssignmentMetadataKey = Infer<typeof StreamsGroupTargetAssignmentMetadataKey>

export const StreamsGroupTargetAssignmentMetadataValue = record(
  'StreamsGroupTargetAssignmentMetadataValue',
  20,
  versions(0, 0, { flexible: 0 }),
  {
    assignmentEpoch: int32(),
    assignmentTimestamp: int64({ tag: 0 }),
  },
)
export type StreamsGroupTargetAssignmentMetadataValue = Infer<typeof StreamsGroupTargetAssignmentMetadataValue>

export const StreamsGroupTargetAssignmentMemberKey = record(
  'StreamsGroupTargetAssignmentMemberKey',
  21,
  versions(0, 0),
  {
    groupId: string(),
    memberId: string(),
  },
)
export type StreamsGroupTargetAssignmentMemberKey = Infer<typeof StreamsGroupTargetAssignmentMemberKey>

export const StreamsGroupTargetAssignmentMemberValueTaskIds = {
  subtopologyId: string(),
  partitions: array(int32()),
}

export const StreamsGroupTargetAssignmentMemberValue = record(
  'StreamsGroupTargetAssignmentMemberValue',
  21,
  versions(0, 0, { flexible: 0 }),
  {
    activeTasks: array(StreamsGroupTargetAssignmentMemberValueTaskIds),
    standbyTasks: array(StreamsGroupTargetAssignmentMemberValueTaskIds),
    warmupTasks: array(StreamsGroupTargetAssignmentMemberValueTaskIds),
  },
)
export type StreamsGroupTargetAssignmentMemberValue = Infer<typeof StreamsGroupTargetAssignmentMemberValue>

export const StreamsGroupCurrentMemberAssignmentKey = record(
  'StreamsGroupCurrentMemberAssignmentKey',
  22,
  versions(0, 0),
  {
    groupId: string(),
    memberId: string(),
  },
)
export type StreamsGroupCurrentMemberAssignmentKey = Infer<typeof StreamsGroupCurrentMemberAssignmentKey>

export const StreamsGroupCurrentMemberAssignmentValueTaskIds = {
  subtopologyId: string(),
  partitions: array(int32()),
  assignmentEpochs: array(int32(), { nullable: true, tag: 0 }),
}

export const StreamsGroupCurrentMemberAssignmentValue = record(
  'StreamsGroupCurrentMemberAssignmentValue',
  22,
  versions(0, 0, { flexible: 0 }),
  {
    memberEpoch: int32(),
    previousMemberEpoch: int32(),
    state: int8(),
    activeTasks: array(StreamsGroupCurrentMemberAssignmentValueTaskIds),
    standbyTasks: array(StreamsGroupCurrentMemberAssignmentValueTaskIds),
    warmupTasks: array(StreamsGroupCurrentMemberAssignmentValueTaskIds),
    activeTasksPendingRevocation: array(StreamsGroupCurrentMemberAssignmentValueTaskIds),
    standbyTasksPendingRevocation: array(StreamsGroupCurrentMemberAssignmentValueTaskIds),
    warmupTasksPendingRevocation: array(StreamsGroupCurrentMemberAssignmentValueTaskIds),
  },
)
export type StreamsGroupCurrentMemberAssignmentValue = Infer<typeof StreamsGroupCurrentMemberAssignmentValue>

export const StreamsGroupTopologyKey = record('StreamsGroupTopologyKey', 23, versions(0, 0), {
  groupId: string(),
})
export type StreamsGroupTopologyKey = Infer<typeof StreamsGroupTopologyKey>

export const TopicConfig = {
  key: string(),
  value: string(),
}

export const TopicInfo = {
  name: string(),
  partitions: int32(),
  replicationFactor: int16(),
  topicConfigs: array(TopicConfig),
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

export const StreamsGroupTopologyValue = record('StreamsGroupTopologyValue', 23, versions(0, 0, { flexible: 0 }), {
  epoch: int32(),
  subtopologies: array(Subtopology),
})
export type StreamsGroupTopologyValue = Infer<typeof StreamsGroupTopologyValue>
