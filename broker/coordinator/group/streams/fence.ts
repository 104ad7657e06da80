// A member is taken out of a streams group: it leaves, or is shut out because it did not keep up.

import type { GroupMachine, GroupOutcome } from '../model/group-machine.ts'
import { forgetMember } from '../model/member-timers.ts'
import type { StreamsGroup } from './streams-group.ts'
import type { StreamsMember } from './streams-member.ts'
import { groupEpochRecord, removalRecords, targetEpochRecord } from './streams-records.ts'

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
