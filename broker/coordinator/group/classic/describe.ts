// DescribeGroups and ListGroups, for one shard. A group that is not there is described as Dead; from v6 on also as an
// error (KIP-1043).

import type { ResponseInputOf } from '../../../../protocol/apis.ts'
import { ErrorCode } from '../../../../protocol/error-codes.ts'
import { ForeignGroup } from '../foreign-group.ts'
import type { GroupMachine } from '../group-machine.ts'
import type { ClassicMember } from './classic-member.ts'
import { EMPTY_BYTES } from './classic-member.ts'

export type DescribedGroup = ResponseInputOf<'DescribeGroups'>['groups'][number]
export type ListedGroup = ResponseInputOf<'ListGroups'>['groups'][number]

export function describeError(groupId: string, errorCode: number, errorMessage: string | null = null): DescribedGroup {
  return { errorCode, errorMessage, groupId, groupState: '', protocolType: '', protocolData: '', members: [] }
}

export function describeGroup(machine: GroupMachine, groupId: string, apiVersion: number): DescribedGroup {
  const group = machine.groups.get(groupId)
  if (group === undefined || group instanceof ForeignGroup) {
    const errorMessage =
      group === undefined ? `Group ${groupId} not found.` : `Group ${groupId} is not a classic group.`
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

/** Filters are without regard to case; an empty one lets everything through. */
export function listGroups(machine: GroupMachine, states: readonly string[], types: readonly string[]): ListedGroup[] {
  const wantedStates = new Set(states.map((state) => state.toLowerCase()))
  const wantedTypes = new Set(types.map((type) => type.toLowerCase()))
  const listed: ListedGroup[] = []
  for (const [groupId, group] of machine.groups) {
    const groupState = group instanceof ForeignGroup ? 'Empty' : group.state
    const groupType = group.type
    if (wantedStates.size > 0 && !wantedStates.has(groupState.toLowerCase())) continue
    if (wantedTypes.size > 0 && !wantedTypes.has(groupType)) continue
    const protocolType = group instanceof ForeignGroup ? group.type : (group.protocolType ?? '')
    listed.push({ groupId, protocolType, groupState, groupType })
  }
  return listed
}
