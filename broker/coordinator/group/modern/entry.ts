// Who a member is that speaks: what is wrong with the ids and epochs that it goes by, and whether there is room for it.
// Words are Apache Kafka's.

import { ErrorCode } from '../../../../protocol/error-codes.ts'
import { type Refusal, refusal } from '../model/refusal.ts'
import type { ModernGroup, ModernMember } from './modern-group.ts'

type GroupKind = 'consumer' | 'share' | 'streams'

export function notAMember(groupId: string, memberId: string): Refusal {
  return refusal(ErrorCode.UNKNOWN_MEMBER_ID, `Member ${memberId} is not a member of group ${groupId}.`)
}

/** Of a member whose last answer may have been lost the epoch before passes, too: each kind looks at that itself. */
export function fencedEpoch(kind: GroupKind, member: ModernMember, memberEpoch: number): Refusal {
  const which = memberEpoch < member.memberEpoch ? 'smaller' : 'greater'
  return refusal(
    ErrorCode.FENCED_MEMBER_EPOCH,
    `The ${kind} group member has a ${which} member epoch (${memberEpoch}) than the one known by the group ` +
      `coordinator (${member.memberEpoch}). The member must abandon all its partitions and rejoin.`,
  )
}

export function unknownInstance(instanceId: string): Refusal {
  return refusal(ErrorCode.UNKNOWN_MEMBER_ID, `Instance id ${instanceId} is unknown.`)
}

/** The instance has come back under another member id meanwhile. */
export function fencedInstance(current: ModernMember, memberId: string, instanceId: string): Refusal | null {
  if (current.memberId === memberId) return null
  const words = `Static member ${memberId} with instance id ${instanceId} was fenced by member ${current.memberId}.`
  return refusal(ErrorCode.FENCED_INSTANCE_ID, words)
}

/** The member that has the instance id has not said that it is away. */
export function unreleasedInstance(current: ModernMember, memberId: string, instanceId: string): Refusal {
  return refusal(
    ErrorCode.UNRELEASED_INSTANCE_ID,
    `Static member ${memberId} with instance id ${instanceId} cannot join the group because the instance id is ` +
      `owned by ${current.memberId} member.`,
  )
}

/** There is no room for one more. A static member takes the place that it has. */
export function fullError(
  group: ModernGroup<ModernMember, unknown> & { readonly type: GroupKind },
  limit: number,
  memberId: string,
  instanceId: string | null,
): Refusal | null {
  if (group.members.size < limit || group.members.has(memberId)) return null
  if (instanceId !== null && group.staticMembers.has(instanceId)) return null
  const words = `The ${group.type} group has reached its maximum capacity of ${limit} members.`
  return refusal(ErrorCode.GROUP_MAX_SIZE_REACHED, words)
}
