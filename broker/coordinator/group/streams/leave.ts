// Members go: they leave, or are shut out because they did not keep up. A static member that says so is only away.

import { ErrorCode } from '../../../../protocol/error-codes.ts'
import type { GroupMachine, GroupOutcome } from '../group-machine.ts'
import { fencedInstance, findGroup, isRefusal, notAMember, unknownInstance } from './enter.ts'
import { type HeartbeatReply, type HeartbeatRequest, heartbeatError, refuseHeartbeat } from './heartbeat-answer.ts'
import type { StreamsGroup } from './streams-group.ts'
import { LEAVE_STATIC_EPOCH, type StreamsMember } from './streams-member.ts'
import { currentAssignmentRecord, groupEpochRecord, removalRecords, targetEpochRecord } from './streams-records.ts'
import { type EpochTasks, NONE_HELD } from './tasks.ts'
import { forgetMember } from './timers.ts'

/** StreamsGroupHeartbeat with epoch -1 or -2. */
export function leaveStreamsGroup(
  machine: GroupMachine,
  { groupId, memberId, memberEpoch, instanceId, shutdownApplication }: HeartbeatRequest,
  reply: HeartbeatReply,
): GroupOutcome {
  const group = findGroup(machine, groupId)
  if (isRefusal(group)) return refuseHeartbeat(reply, group)
  if (shutdownApplication) group.shutdownRequestedBy ??= memberId
  const member = instanceId === null ? group.members.get(memberId) : group.staticMember(instanceId)
  if (member === undefined) {
    return refuseHeartbeat(reply, instanceId === null ? notAMember(groupId, memberId) : unknownInstance(instanceId))
  }
  const fenced = instanceId === null ? null : fencedInstance(member, memberId, instanceId)
  if (fenced !== null) return refuseHeartbeat(reply, fenced)
  const isAway = instanceId !== null && memberEpoch === LEAVE_STATIC_EPOCH
  const outcome = isAway ? goAway(group, member) : fenceMember(machine, group, member)
  const response = { ...heartbeatError(ErrorCode.NONE).response, memberId, memberEpoch, status: [] }
  return {
    records: outcome.records,
    applied: () => {
      outcome.applied?.()
      reply.send({ response, missingTopics: [] })
    },
    refused: (errorCode) => reply.sendError(errorCode),
  }
}

/** Its session goes on, and with it everything that it has. */
function goAway({ groupId }: StreamsGroup, member: StreamsMember): GroupOutcome {
  const { assigned } = member
  const away = {
    ...member,
    memberEpoch: LEAVE_STATIC_EPOCH,
    pendingRevocation: NONE_HELD,
    assigned: { ...assigned, active: withEpochZero(assigned.active) },
  }
  return { records: [currentAssignmentRecord(groupId, away)] }
}

/** Whoever comes back under the instance begins at epoch 0, and may commit from then on. */
function withEpochZero(active: EpochTasks): EpochTasks {
  return new Map(
    [...active].map(([subtopologyId, epochs]) => [subtopologyId, new Map([...epochs.keys()].map((one) => [one, 0]))]),
  )
}

/** Takes a member out of the group; the others are given what it had with the next target. */
export function fenceMember(machine: GroupMachine, group: StreamsGroup, { memberId }: StreamsMember): GroupOutcome {
  const { groupId } = group
  const groupEpoch = group.groupEpoch + 1
  const { metadataHash, validatedTopologyEpoch, assignmentConfigs } = group
  const { storedDescriptionTopologyEpoch, failedDescriptionTopologyEpoch } = group
  const epoch = { groupEpoch, metadataHash, validatedTopologyEpoch, assignmentConfigs }
  const descriptions = { storedDescriptionTopologyEpoch, failedDescriptionTopologyEpoch }
  const records = [...removalRecords(groupId, memberId), groupEpochRecord(groupId, { ...epoch, ...descriptions })]
  // Nobody is left whom a target could be worked out for.
  if (group.members.size === 1) records.push(targetEpochRecord(groupId, groupEpoch, 0))
  return { records, applied: () => forgetMember(machine, groupId, memberId) }
}
