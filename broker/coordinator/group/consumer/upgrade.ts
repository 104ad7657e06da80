// A classic group of consumers becomes a consumer group while it is in use, when the first member comes that speaks the
// newer protocol. Its members stay what they are, with what they have, and are told to join once more; from then on the
// group serves them as if it were a classic one (classic-members.ts). group.consumer.migration.policy may forbid it.

import { ErrorCode } from '../../../../protocol/error-codes.ts'
import type { ClassicGroup } from '../classic/classic-group.ts'
import { type ClassicMember, EMPTY_BYTES } from '../classic/classic-member.ts'
import { joinError } from '../classic/join.ts'
import type { GroupMachine } from '../model/group-machine.ts'
import type { ConsumerRecord } from '../model/group-records.ts'
import type { Refusal } from '../model/refusal.ts'
import { toAssignment } from '../modern/assignment.ts'
import type { Draft } from '../modern/draft.ts'
import { metadataHash } from '../modern/metadata-hash.ts'
import { mayMigrate } from './consumer-config.ts'
import { ConsumerGroup } from './consumer-group.ts'
import { type ConsumerMember, newMember } from './consumer-member.ts'
import {
  currentAssignmentRecord,
  groupEpochRecord,
  memberRecord,
  targetEpochRecord,
  targetRecord,
} from './consumer-records.ts'
import { readAssignment, readSubscription, withIds } from './embedded-protocol.ts'
import { applyRecord } from './replay.ts'
import { extendSession } from './timers.ts'

/** The group as it is after the records, which are in the draft. */
export function upgrade(machine: GroupMachine, classic: ClassicGroup, draft: Draft): ConsumerGroup | Refusal {
  const { groupId, generationId } = classic
  const obstacle = upgradeObstacle(machine, classic)
  if (obstacle !== null) return refuse(machine, groupId, obstacle)
  const members: ConsumerMember[] = []
  for (const member of classic.members.values()) {
    const converted = convert(machine, classic, member)
    if (typeof converted === 'string') return refuse(machine, groupId, converted)
    members.push(converted)
  }
  const names = new Set(members.flatMap(({ subscribedTopicNames }) => [...subscribedTopicNames]))
  const records: ConsumerRecord[] = [
    ...members.map((member) => memberRecord(groupId, member)),
    groupEpochRecord(groupId, generationId, metadataHash(machine.topics, names)),
    ...members.map((member) => targetRecord(groupId, member.memberId, partitionsOf(member))),
    targetEpochRecord(groupId, generationId, 0),
    ...members.map((member) => currentAssignmentRecord(groupId, member)),
  ]
  const group = new ConsumerGroup(groupId)
  for (const record of records) applyRecord(group, record)
  draft.records.push(...classic.tombstones(), ...records)
  draft.whenApplied.push(() => {
    refuseParked(classic)
    machine.forgetTimers(classic)
    for (const member of members) extendSession(machine, groupId, member)
    machine.host.logger.info('group: a classic group becomes a consumer group', { group: groupId })
  })
  return group
}

function refuse(machine: GroupMachine, group: string, reason: string): Refusal {
  machine.host.logger.info('group: a classic group cannot become a consumer group', { group, reason })
  const errorMessage = `Cannot upgrade classic group ${group} to consumer group because ${reason}.`
  return { errorCode: ErrorCode.GROUP_ID_NOT_FOUND, errorMessage }
}

function upgradeObstacle({ config }: GroupMachine, classic: ClassicGroup): string | null {
  if (!mayMigrate(config, 'upgrade')) return 'online upgrade is disabled'
  if (!classic.usesConsumerProtocol) return 'the group does not use the consumer embedded protocol'
  if (classic.members.size > config.get('group.consumer.max.size')) {
    return 'the group size exceeds the consumer group maximum size'
  }
  return null
}

/** A string: why it cannot be done. */
function convert(machine: GroupMachine, classic: ClassicGroup, member: ClassicMember): ConsumerMember | string {
  const { generationId } = classic
  const subscription = readSubscription(member.metadata(classic.protocolName ?? classic.selectProtocol()))
  const assignment = member.assignment.length === 0 ? NOTHING_ASSIGNED : readAssignment(member.assignment)
  if (subscription === null || assignment === null) return 'the embedded consumer protocol is malformed'
  if ((assignment.userData?.length ?? 0) > 0) {
    return (
      'an unsupported custom assignor is in use. Please refer to the documentation or switch to a default assignor ' +
      'before re-attempting the upgrade'
    )
  }
  // The leader may have assigned what there is not, or is no more.
  const isThere = (topicId: string, partition: number): boolean =>
    partition >= 0 && partition < machine.topics.partitionCount(machine.topics.nameOf(topicId) ?? '')
  const assigned = withIds(machine.topics, assignment.assignedPartitions)
  return {
    ...newMember(member.memberId),
    memberEpoch: generationId,
    previousMemberEpoch: generationId,
    instanceId: member.groupInstanceId,
    rackId: subscription.rackId === '' ? null : subscription.rackId,
    rebalanceTimeoutMs: member.rebalanceTimeoutMs,
    clientId: member.clientId,
    clientHost: member.clientHost,
    subscribedTopicNames: new Set(subscription.topics),
    assigned: new Map(
      assigned.map(({ topicId, partitions }) => {
        const known = partitions.filter((partition) => isThere(topicId, partition))
        return [topicId, new Map(known.map((partition) => [partition, generationId]))]
      }),
    ),
    classic: {
      sessionTimeoutMs: member.sessionTimeoutMs,
      supportedProtocols: member.protocols.map(({ name, metadata }) => ({ name, metadata })),
    },
  }
}

const NOTHING_ASSIGNED = { assignedPartitions: [], userData: null }

function partitionsOf({ assigned }: ConsumerMember) {
  return toAssignment([...assigned].map(([topicId, epochs]) => ({ topicId, partitions: [...epochs.keys()] })))
}

function refuseParked(classic: ClassicGroup): void {
  for (const member of classic.members.values()) {
    member.join?.send(joinError(ErrorCode.REBALANCE_IN_PROGRESS, member.memberId))
    member.sync?.send({ errorCode: ErrorCode.REBALANCE_IN_PROGRESS, assignment: EMPTY_BYTES })
    member.join = null
    member.sync = null
  }
}
