// DescribeGroups, for one shard. A group that is not there is described as Dead; from v6 on also as an
// error (KIP-1043).

import type { ResponseInputOf } from '../../../../protocol/apis.ts'
import { ErrorCode } from '../../../../protocol/error-codes.ts'
import type { GroupMachine } from '../model/group-machine.ts'
import { classicGroup } from './classic-group.ts'
import type { ClassicMember } from './classic-member.ts'
import { EMPTY_BYTES } from './classic-member.ts'

export type DescribedGroup = ResponseInputOf<'DescribeGroups'>['groups'][number]

export function describeError(groupId: string, errorCode: number, errorMessage: string | null = null): DescribedGroup {
  return { errorCode, errorMessage, groupId, groupState: '', protocolType: '', protocolData: '', members: [] }
}

export function describeGroup(machine: GroupMachine, groupId: string, apiVersion: number): DescribedGroup {
  const group = classicGroup(machine, groupId)
  if (group === undefined) {
    const errorMessage = !machine.groups.has(groupId)
      ? `Group ${groupId} not found.`
      : `Group ${groupId} is not a classic group.`
    const errorCode = apiVersion >= 6 ? ErrorCode.GROUP_ID_NOT_FOUND : ErrorCode.NONE
    return { ...describeError(groupId, errorCode, apiVersion >= 6 ? errorMessage : null), groupState: 'Dead' }
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
