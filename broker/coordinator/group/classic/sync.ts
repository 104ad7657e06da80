// SyncGroup, in a classic group: members fetch their assignment; the leader brings all of them. Answers are parked
// until the assignment is in the log.

import type { RequestOf } from '../../../../protocol/apis.ts'
import { ErrorCode } from '../../../../protocol/error-codes.ts'
import { coordinatorErrorOf } from '../../runtime/coordinator-errors.ts'
import { NOTHING } from '../../runtime/state-machine.ts'
import type { GroupMachine, GroupOutcome } from '../model/group-machine.ts'
import type { ClassicGroup } from './classic-group.ts'
import { type ClassicMember, EMPTY_BYTES, type SyncReply } from './classic-member.ts'
import { answerSyncs, groupRecord, noteSync, prepareRebalance, resetAssignments, syncAnswer } from './rebalance.ts'

type SyncRequest = RequestOf<'SyncGroup'>

export function refuseSync(reply: SyncReply, errorCode: number): GroupOutcome {
  reply.send({ errorCode, assignment: EMPTY_BYTES })
  return NOTHING
}

export function syncClassic(
  machine: GroupMachine,
  group: ClassicGroup,
  request: SyncRequest,
  reply: SyncReply,
): GroupOutcome {
  const errorCode = syncError(group, request)
  const member = group.members.get(request.memberId)
  if (member === undefined || errorCode !== ErrorCode.NONE) return refuseSync(reply, errorCode)
  noteSync(machine, group, member.memberId)
  if (group.state === 'Stable') {
    reply.send(syncAnswer(group, member, ErrorCode.NONE))
    return NOTHING
  }
  // Its connection broke while the first request was parked: nobody reads that answer any more.
  member.sync?.send({ errorCode: ErrorCode.REBALANCE_IN_PROGRESS, assignment: EMPTY_BYTES })
  member.sync = reply
  return group.leaderId === member.memberId ? assign(machine, group, request) : NOTHING
}

function syncError(group: ClassicGroup, request: SyncRequest): number {
  const errorCode = group.memberError(request.memberId, request.groupInstanceId)
  if (errorCode !== ErrorCode.NONE) return errorCode
  if (request.generationId !== group.generationId) return ErrorCode.ILLEGAL_GENERATION
  const { protocolType, protocolName } = request
  if (protocolType !== null && group.protocolType !== null && protocolType !== group.protocolType) {
    return ErrorCode.INCONSISTENT_GROUP_PROTOCOL
  }
  if (protocolName !== null && group.protocolName !== null && protocolName !== group.protocolName) {
    return ErrorCode.INCONSISTENT_GROUP_PROTOCOL
  }
  if (group.state === 'PreparingRebalance') return ErrorCode.REBALANCE_IN_PROGRESS
  return group.state === 'Empty' ? ErrorCode.UNKNOWN_MEMBER_ID : ErrorCode.NONE
}

/** The record makes the group Stable and gives every member its part; whom the leader forgot gets nothing. */
function assign(machine: GroupMachine, group: ClassicGroup, { assignments }: SyncRequest): GroupOutcome {
  const byMember = new Map(assignments.map(({ memberId, assignment }) => [memberId, new Uint8Array(assignment)]))
  const assignmentOf = ({ memberId }: ClassicMember): Uint8Array => byMember.get(memberId) ?? EMPTY_BYTES
  return {
    records: [groupRecord(group, assignmentOf)],
    applied: () => {
      answerSyncs(machine, group, ErrorCode.NONE)
      const { groupId, generationId, members, protocolName } = group
      machine.host.logger.info('group: stable', {
        group: groupId,
        generation: generationId,
        members: members.size,
        protocol: protocolName,
      })
    },
    // Too large a record, perhaps: the members may try again, with less.
    refused: (errorCode) => {
      resetAssignments(machine, group, coordinatorErrorOf(errorCode))
      prepareRebalance(machine, group, `the assignment was not stored, error ${errorCode}`)
    },
  }
}
