// ConsumerGroupDescribe, for one shard: what the members have, and what they are going to have.

import type { ResponseInputOf } from '../../../../protocol/apis.ts'
import { ErrorCode } from '../../../../protocol/error-codes.ts'
import type { GroupMachine } from '../model/group-machine.ts'
import { groupNotFound } from '../model/refusal.ts'
import type { TopicLookup } from '../model/topic-lookup.ts'
import { type Assignment, toNamedPartitions } from '../modern/assignment.ts'
import { consumerGroup } from './consumer-group.ts'
import type { ConsumerMember } from './consumer-member.ts'
import { defaultAssignor } from './speaker.ts'

export type DescribedConsumerGroup = ResponseInputOf<'ConsumerGroupDescribe'>['groups'][number]
type DescribedMember = DescribedConsumerGroup['members'][number]

const MEMBER_TYPE = { classic: 0, consumer: 1 } as const

export function describeConsumerGroupError(
  groupId: string,
  errorCode: number,
  errorMessage: string | null = null,
): DescribedConsumerGroup {
  return {
    errorCode,
    errorMessage,
    groupId,
    groupState: '',
    groupEpoch: 0,
    assignmentEpoch: 0,
    assignorName: '',
    members: [],
  }
}

export function describeConsumerGroup(machine: GroupMachine, groupId: string): DescribedConsumerGroup {
  const group = consumerGroup(machine, groupId)
  if (group === undefined) {
    const { errorCode, errorMessage } = groupNotFound(machine, groupId, 'consumer')
    return describeConsumerGroupError(groupId, errorCode, errorMessage)
  }
  return {
    errorCode: ErrorCode.NONE,
    errorMessage: null,
    groupId,
    groupState: group.stateName,
    groupEpoch: group.groupEpoch,
    assignmentEpoch: group.assignmentEpoch,
    assignorName: group.preferredAssignor ?? defaultAssignor(machine),
    members: [...group.members.values()].map((member) =>
      describeMember(machine.topics, member, group.targetOf(member.memberId)),
    ),
  }
}

function describeMember(topics: TopicLookup, member: ConsumerMember, target: Assignment): DescribedMember {
  const owned = new Map<string, Set<number>>()
  for (const assignment of [member.assigned, member.pendingRevocation]) {
    for (const [topicId, epochs] of assignment) {
      owned.set(topicId, new Set([...(owned.get(topicId) ?? []), ...epochs.keys()]))
    }
  }
  return {
    memberId: member.memberId,
    instanceId: member.instanceId,
    rackId: member.rackId,
    memberEpoch: member.memberEpoch,
    clientId: member.clientId,
    clientHost: member.clientHost,
    subscribedTopicNames: [...member.subscribedTopicNames].sort(),
    subscribedTopicRegex: member.subscribedTopicRegex,
    assignment: { topicPartitions: toNamedPartitions(topics, owned) },
    targetAssignment: { topicPartitions: toNamedPartitions(topics, target) },
    memberType: member.classic === null ? MEMBER_TYPE.consumer : MEMBER_TYPE.classic,
  }
}
