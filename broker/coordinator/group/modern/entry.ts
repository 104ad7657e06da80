// Who a member is that speaks: what is wrong with the ids that it goes by. Words are Apache Kafka's.

import { ErrorCode } from '../../../../protocol/error-codes.ts'
import { type Refusal, refusal } from '../model/refusal.ts'
import type { ModernMember } from './modern-group.ts'

export function notAMember(groupId: string, memberId: string): Refusal {
  return refusal(ErrorCode.UNKNOWN_MEMBER_ID, `Member ${memberId} is not a member of group ${groupId}.`)
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
