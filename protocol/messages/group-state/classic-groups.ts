// Classic groups in `__consumer_offsets`: one record holds a whole group.

import { array, bytes, type Infer, int32, int64, record, string, versions } from '../../schema.ts'

export const GroupMetadataKey = record('GroupMetadataKey', 2, versions(0, 0), {
  group: string(),
})
export type GroupMetadataKey = Infer<typeof GroupMetadataKey>

export const MemberMetadata = {
  memberId: string(),
  groupInstanceId: string({ since: 3, nullable: true, default: null }),
  clientId: string(),
  clientHost: string(),
  rebalanceTimeout: int32({ since: 1, default: -1 }),
  sessionTimeout: int32(),
  subscription: bytes(),
  assignment: bytes(),
}

export const GroupMetadataValue = record('GroupMetadataValue', 2, versions(0, 4, { flexible: 4 }), {
  protocolType: string(),
  generation: int32(),
  protocol: string({ nullable: true }),
  leader: string({ nullable: true }),
  currentStateTimestamp: int64({ since: 2, default: -1n }),
  members: array(MemberMetadata),
})
export type GroupMetadataValue = Infer<typeof GroupMetadataValue>
