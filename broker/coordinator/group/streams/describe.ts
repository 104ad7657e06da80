// StreamsGroupDescribe, for one shard: the topology, what the members have, and what they are going to have. Source:
// StreamsGroup.asDescribedGroup of Apache Kafka.

import type { ResponseInputOf } from '../../../../protocol/apis.ts'
import { ErrorCode } from '../../../../protocol/error-codes.ts'
import type { GroupMachine } from '../model/group-machine.ts'
import { groupNotFound } from '../model/refusal.ts'
import { DEFAULT_ASSIGNOR } from './streams-config.ts'
import { type StreamsGroup, streamsGroup } from './streams-group.ts'
import type { StreamsMember } from './streams-member.ts'
import { listOffsets, NO_OFFSETS } from './task-offsets.ts'
import { type TaskPartitions, type TaskSets, toTaskIds } from './tasks.ts'
import type { Subtopology, TopicInfo } from './topology.ts'

export type DescribedStreamsGroup = ResponseInputOf<'StreamsGroupDescribe'>['groups'][number]
type DescribedMember = DescribedStreamsGroup['members'][number]
type DescribedTopology = NonNullable<DescribedStreamsGroup['topology']>

/** Of the description for people: nobody keeps one. */
const DESCRIPTION_STATUS = { notAsked: 0, notStored: 1 } as const

export function describeStreamsGroupError(
  groupId: string,
  errorCode: number,
  errorMessage: string | null = null,
): DescribedStreamsGroup {
  return {
    errorCode,
    errorMessage,
    groupId,
    groupState: '',
    groupEpoch: 0,
    assignmentEpoch: 0,
    topology: null,
    members: [],
    topologyDescriptionStatus: DESCRIPTION_STATUS.notAsked,
  }
}

export function describeStreamsGroup(
  machine: GroupMachine,
  groupId: string,
  includeTopologyDescription: boolean,
): DescribedStreamsGroup {
  const group = streamsGroup(machine, groupId)
  if (group === undefined) {
    const { errorCode, errorMessage } = groupNotFound(machine, groupId, 'streams')
    return describeStreamsGroupError(groupId, errorCode, errorMessage)
  }
  return {
    errorCode: ErrorCode.NONE,
    errorMessage: null,
    groupId,
    groupState: group.stateName,
    groupEpoch: group.groupEpoch,
    assignmentEpoch: group.assignmentEpoch,
    topology: describeTopology(group),
    members: [...group.members.values()].map((member) => describeMember(group, member)),
    topologyDescriptionStatus: includeTopologyDescription ? DESCRIPTION_STATUS.notStored : DESCRIPTION_STATUS.notAsked,
    assignorName: DEFAULT_ASSIGNOR,
  }
}

/** With the partition counts of internal topics, once they are all there. */
function describeTopology({ topology, configured }: StreamsGroup): DescribedTopology | null {
  if (topology === null) return null
  const isReady = configured !== null && configured.fault === null
  const subtopologies = isReady
    ? [...configured.subtopologies.values()].map(({ subtopology }) => subtopology)
    : topology.subtopologies
  return { epoch: topology.epoch, subtopologies: subtopologies.map(describeSubtopology) }
}

function describeSubtopology(subtopology: Subtopology): NonNullable<DescribedTopology['subtopologies']>[number] {
  const { subtopologyId, sourceTopics, repartitionSinkTopics } = subtopology
  const byName = (topics: readonly TopicInfo[]): TopicInfo[] => [...topics].sort((a, b) => (a.name < b.name ? -1 : 1))
  return {
    subtopologyId,
    sourceTopics: [...sourceTopics].sort(),
    repartitionSinkTopics: [...repartitionSinkTopics].sort(),
    stateChangelogTopics: byName(subtopology.stateChangelogTopics),
    repartitionSourceTopics: byName(subtopology.repartitionSourceTopics),
  }
}

function describeMember(group: StreamsGroup, member: StreamsMember): DescribedMember {
  const { memberId, memberEpoch, instanceId, rackId, clientId, clientHost, topologyEpoch, processId } = member
  const { offsets, endOffsets } = group.taskOffsets.get(memberId) ?? NO_OFFSETS
  return {
    memberId,
    memberEpoch,
    instanceId,
    rackId,
    clientId,
    clientHost,
    topologyEpoch,
    processId,
    userEndpoint: member.userEndpoint,
    clientTags: [...member.clientTags].map(([key, value]) => ({ key, value })),
    taskOffsets: listOffsets(offsets),
    taskEndOffsets: listOffsets(endOffsets),
    assignment: describeTasks(member.assigned),
    targetAssignment: describeTasks(group.targetOf(memberId)),
    isClassic: false,
  }
}

function describeTasks({ active, standby, warmup }: TaskSets<ReadonlyMap<string, TaskPartitions>>) {
  return { activeTasks: toTaskIds(active), standbyTasks: toTaskIds(standby), warmupTasks: toTaskIds(warmup) }
}
