// A member of a share group, and what of it the log holds. Never changed, only replaced. Members of a share group take
// nothing from each other, so that a member has its target at once.

import { type Assignment, NO_PARTITIONS } from '../modern/assignment.ts'
import type { ModernMember } from '../modern/modern-group.ts'

export interface ShareMember extends ModernMember {
  readonly subscribedTopicNames: ReadonlySet<string>
  readonly assigned: Assignment
}

export function newShareMember(memberId: string): ShareMember {
  return {
    memberId,
    instanceId: null,
    rackId: null,
    clientId: '',
    clientHost: '',
    memberEpoch: 0,
    previousMemberEpoch: -1,
    subscribedTopicNames: new Set(),
    assigned: NO_PARTITIONS,
  }
}
