// What is deleted on request: single offsets (OffsetDelete, KIP-496), whole groups (DeleteGroups, KIP-229), the offsets
// of topics that are gone.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import type { Reply } from '../runtime/reply.ts'
import { NOTHING } from '../runtime/state-machine.ts'
import { forgetTimers } from './classic/rebalance.ts'
import { ForeignGroup } from './foreign-group.ts'
import type { GroupMachine, GroupOutcome } from './group-machine.ts'
import { type GroupRecord, groupTombstone, offsetTombstone } from './group-records.ts'

export interface DeleteOffsetsTopic {
  readonly name: string
  readonly partitions: readonly { readonly partitionIndex: number }[]
}

export interface DeleteOffsetsAnswer {
  readonly errorCode: number
  /** In the order of the request. */
  readonly topics: readonly (readonly number[])[]
}

/** Offsets of topics that the members are subscribed to stay: they would be committed again, or be missed. */
export function deleteOffsets(
  machine: GroupMachine,
  groupId: string,
  topics: readonly DeleteOffsetsTopic[],
  reply: Reply<DeleteOffsetsAnswer>,
): GroupOutcome {
  const group = machine.groups.get(groupId)
  const errorCode = deleteOffsetsError(group)
  if (group === undefined || errorCode !== ErrorCode.NONE) {
    reply.send({ errorCode, topics: [] })
    return NOTHING
  }
  const records: GroupRecord[] = []
  const answers = topics.map(({ name, partitions }) => {
    const isSubscribed = !(group instanceof ForeignGroup) && group.isSubscribedTo(name)
    return partitions.map(({ partitionIndex }) => {
      if (isSubscribed) return ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC
      const isThere = machine.offsets.get(groupId, name, partitionIndex) !== undefined
      if (isThere || machine.offsets.isUnstable(groupId, name, partitionIndex)) {
        records.push(offsetTombstone(groupId, name, partitionIndex))
      }
      return ErrorCode.NONE
    })
  })
  const answer = { errorCode: ErrorCode.NONE, topics: answers }
  return { records, applied: () => reply.send(answer), refused: (refusal) => reply.sendError(refusal) }
}

function deleteOffsetsError(group: ReturnType<GroupMachine['groups']['get']>): number {
  if (group === undefined) return ErrorCode.GROUP_ID_NOT_FOUND
  if (group instanceof ForeignGroup || group.state === 'Empty') return ErrorCode.NONE
  // Whose subscriptions cannot be read may be subscribed to anything.
  return group.usesConsumerProtocol ? ErrorCode.NONE : ErrorCode.NON_EMPTY_GROUP
}

export interface DeleteGroupAnswer {
  readonly errorCode: number
  readonly errorMessage: string | null
}

export function deleteGroup(machine: GroupMachine, groupId: string, reply: Reply<DeleteGroupAnswer>): GroupOutcome {
  const group = machine.groups.get(groupId)
  const answer = deleteGroupError(group)
  if (group === undefined || answer !== null) {
    reply.send(answer ?? { errorCode: ErrorCode.GROUP_ID_NOT_FOUND, errorMessage: null })
    return NOTHING
  }
  return {
    records: groupTombstones(machine, groupId, group),
    applied: () => {
      if (!(group instanceof ForeignGroup)) forgetTimers(machine, group)
      reply.send({ errorCode: ErrorCode.NONE, errorMessage: null })
    },
    refused: (refusal) => reply.sendError(refusal),
  }
}

/** Kafka 4.4 leaves the message of v3 empty. */
function deleteGroupError(group: ReturnType<GroupMachine['groups']['get']>): DeleteGroupAnswer | null {
  if (group === undefined) return { errorCode: ErrorCode.GROUP_ID_NOT_FOUND, errorMessage: null }
  if (group instanceof ForeignGroup) {
    if (group.type === 'consumer') return null
    // Its state lives in another topic too, which nobody here would clean.
    return {
      errorCode: ErrorCode.INVALID_REQUEST,
      errorMessage: `This broker does not coordinate ${group.type} groups.`,
    }
  }
  return group.state === 'Empty' ? null : { errorCode: ErrorCode.NON_EMPTY_GROUP, errorMessage: null }
}

/** What makes a group and all its offsets disappear; offsets first, for an offset without a group would make one. */
function groupTombstones(
  machine: GroupMachine,
  groupId: string,
  group: NonNullable<ReturnType<GroupMachine['groups']['get']>>,
): GroupRecord[] {
  const offsets = machine.offsets
    .partitionsOf(groupId)
    .map(({ topic, partition }) => offsetTombstone(groupId, topic, partition))
  const rest = group instanceof ForeignGroup ? group.tombstones() : [groupTombstone(groupId)]
  return [...offsets, ...rest]
}

/** Topics are deleted, and with them what was committed for them. */
export function deleteOffsetsOfTopics(machine: GroupMachine, topics: readonly string[]): GroupOutcome {
  const records: GroupRecord[] = []
  for (const name of topics) {
    for (const groupId of machine.offsets.groupsWith(name)) {
      for (const { topic, partition } of machine.offsets.partitionsOf(groupId)) {
        if (topic === name) records.push(offsetTombstone(groupId, topic, partition))
      }
    }
  }
  return { records, inPieces: true, refused: () => {} }
}
