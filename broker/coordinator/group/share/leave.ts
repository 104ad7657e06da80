// A member leaves a share group, or is removed from it. The others get its share with the next target.

import { ErrorCode } from '../../../../protocol/error-codes.ts'
import type { Reply } from '../../runtime/reply.ts'
import type { GroupMachine, GroupOutcome } from '../model/group-machine.ts'
import type { GroupRecord } from '../model/group-records.ts'
import { forgetMember } from '../model/member-timers.ts'
import { groupNotFound } from '../model/refusal.ts'
import { notAMember } from '../modern/entry.ts'
import { metadataHash } from '../modern/metadata-hash.ts'
import { LEAVE_EPOCH } from '../modern/modern-group.ts'
import { type ShareHeartbeat, shareRefusal } from './heartbeat-answer.ts'
import { type ShareGroup, shareGroup } from './share-group.ts'
import type { ShareMember } from './share-member.ts'
import { groupEpochRecord, removalRecords } from './share-records.ts'

export function removeMember(machine: GroupMachine, group: ShareGroup, member: ShareMember): GroupRecord[] {
  const { groupId, groupEpoch } = group
  const names = [...group.subscriptions].filter(([name, users]) => users > 1 || !member.subscribedTopicNames.has(name))
  const hash = metadataHash(
    machine.topics,
    names.map(([name]) => name),
  )
  return [...removalRecords(groupId, member.memberId), groupEpochRecord(groupId, groupEpoch + 1, hash)]
}

export function leaveShareGroup(
  machine: GroupMachine,
  { groupId, memberId }: { readonly groupId: string; readonly memberId: string },
  reply: Reply<ShareHeartbeat>,
): GroupOutcome {
  const group = shareGroup(machine, groupId)
  if (group === undefined) return shareRefusal(reply, groupNotFound(machine, groupId, 'share'))
  const member = group.members.get(memberId)
  if (member === undefined) return shareRefusal(reply, notAMember(groupId, memberId))
  return {
    records: removeMember(machine, group, member),
    applied: () => {
      forgetMember(machine, groupId, memberId)
      const answer = { errorCode: ErrorCode.NONE, errorMessage: null, memberId, memberEpoch: LEAVE_EPOCH }
      reply.send({
        answer: { ...answer, throttleTimeMs: 0, heartbeatIntervalMs: 0, assignment: null },
        toInitialize: [],
      })
    },
    refused: (errorCode) => reply.sendError(errorCode),
  }
}
