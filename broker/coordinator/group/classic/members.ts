// Who a member is: ids as Kafka makes them, and whether a request may speak for one.

import type { Random } from '../../../../host/host.ts'
import { ErrorCode } from '../../../../protocol/error-codes.ts'
import type { ClassicGroup } from './classic-group.ts'

/** NONE, UNKNOWN_MEMBER_ID, or FENCED_INSTANCE_ID: the instance has come back under another member id meanwhile. */
export function memberError(group: ClassicGroup, memberId: string, groupInstanceId: string | null): number {
  if (groupInstanceId !== null) {
    const current = group.staticMembers.get(groupInstanceId)
    if (current === undefined) return ErrorCode.UNKNOWN_MEMBER_ID
    if (current !== memberId) return ErrorCode.FENCED_INSTANCE_ID
  }
  return group.members.has(memberId) ? ErrorCode.NONE : ErrorCode.UNKNOWN_MEMBER_ID
}

/** The client's or instance's name and a random UUID (version 4). */
export function newMemberId(random: Random, prefix: string): string {
  const bytes = random.fill(new Uint8Array(16))
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = Buffer.from(bytes).toString('hex')
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)]
  return `${prefix}-${parts.join('-')}`
}
