// DescribeGroups, for one shard. A group that is not there is described as Dead; from v6 on also as an
// error (KIP-1043).

import type { ResponseInputOf } from '../../../../protocol/apis.ts'
import { ErrorCode } from '../../../../protocol/error-codes.ts'
import type { GroupMachine } from '../model/group-machine.ts'
import { groupNotFound, type Refusal } from '../model/refusal.ts'
import { classicGroup } from './classic-group.ts'
import type { ClassicMember } from './classic-member.ts'
import { EMPTY_BYTES } from './classic-member.ts'

const NO_FAULT: Refusal = { errorCode: ErrorCode.NONE, errorMessage: null }

export type DescribedGroup = ResponseInputOf<'DescribeGroups'>['groups'][number]

export function describeError(groupId: string, errorCode: number, errorMessage: string | null = null): DescribedGroup {
  return { errorCode, errorMessage, groupId, groupState: '', protocolType: '', protocolData: '', members: [] }
}

export function describeGroup(machine: GroupMachine, groupId: string, apiVersion: number): DescribedGroup {
  const group = classicGroup(machine, groupId)
  if (group === undefined) {
    const fault = apiVersion >= 6 ? groupNotFound(machine, groupId, 'classic') : NO_FAULT
    return { ...describeError(groupId, fault.errorCode, fault.errorMessage), groupState: 'Dead' }
  }
  const { state, protocolType, protocolName } = group
  const isStable = state === 'Stable' && protocolName !== null
  const describeMember = (member: ClassicMember): DescribedGroup['members'][number] => ({
    memberId: member.memberId,
    groupInstanceId: member.groupInstanceId,
    clientId: member.clientId,
    clientHost: member.clientHost,
    memberMetadata: isStable ? member.metadata(protocolName) : EMPTY_BYTES,
    memberAssignment: member.assignment,
  })
  return {
    errorCode: ErrorCode.NONE,
    errorMessage: null,
    groupId,
    groupState: state,
    protocolType: protocolType ?? '',
    protocolData: isStable ? protocolName : '',
    members: [...group.members.values()].map(describeMember),
  }
}
