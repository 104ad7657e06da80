// ShareGroupDescribe, for one group. A group that is not there is described as Dead.

import type { ResponseInputOf } from '../../../../protocol/apis.ts'
import { ErrorCode } from '../../../../protocol/error-codes.ts'
import type { GroupMachine } from '../model/group-machine.ts'
import { groupNotFound } from '../model/refusal.ts'
import { toNamedPartitions } from '../modern/assignment.ts'
import { shareGroup } from './share-group.ts'

export type DescribedShareGroup = ResponseInputOf<'ShareGroupDescribe'>['groups'][number]

export function describeShareGroupError(
  groupId: string,
  errorCode: number,
  errorMessage: string | null,
  groupState = '',
): DescribedShareGroup {
  return {
    errorCode,
    errorMessage,
    groupId,
    groupState,
    groupEpoch: 0,
    assignmentEpoch: 0,
    assignorName: '',
    members: [],
  }
}

export function describeShareGroup(machine: GroupMachine, groupId: string): DescribedShareGroup {
  const group = shareGroup(machine, groupId)
  if (group === undefined) {
    const { errorCode, errorMessage } = groupNotFound(machine, groupId, 'share')
    return describeShareGroupError(groupId, errorCode, errorMessage)
  }
  return {
    errorCode: ErrorCode.NONE,
    errorMessage: null,
    groupId,
    groupState: group.stateName,
    groupEpoch: group.groupEpoch,
    assignmentEpoch: group.assignmentEpoch,
    assignorName: 'simple',
    members: [...group.members.values()].map((member) => ({
      memberId: member.memberId,
      rackId: member.rackId,
      memberEpoch: member.memberEpoch,
      clientId: member.clientId,
      clientHost: member.clientHost,
      subscribedTopicNames: [...member.subscribedTopicNames].sort(),
      assignment: { topicPartitions: toNamedPartitions(machine.topics, member.assigned) },
    })),
  }
}
