// What is deleted on request: single offsets (OffsetDelete, KIP-496), whole groups (DeleteGroups, KIP-229), the offsets
// of topics that are gone.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import type { Reply } from '../runtime/reply.ts'
import { NOTHING } from '../runtime/state-machine.ts'
import type { Group, Refusal } from './group.ts'
import type { GroupMachine, GroupOutcome } from './group-machine.ts'
import { type GroupRecord, offsetTombstone } from './group-records.ts'
import { ShareGroup } from './share/share-group.ts'
import { forgetTopics } from './share/share-state-plans.ts'

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
  const errorCode = group?.deleteOffsetsError() ?? ErrorCode.GROUP_ID_NOT_FOUND
  if (group === undefined || errorCode !== ErrorCode.NONE) {
    reply.send({ errorCode, topics: [] })
    return NOTHING
  }
  const records: GroupRecord[] = []
  const answers = topics.map(({ name, partitions }) => {
    const isSubscribed = group.isSubscribedTo(name)
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
  return { records, inPieces: true, applied: () => reply.send(answer), refused: (code) => reply.sendError(code) }
}

export type DeleteGroupAnswer = Refusal

export function deleteGroup(machine: GroupMachine, groupId: string, reply: Reply<DeleteGroupAnswer>): GroupOutcome {
  const group = machine.groups.get(groupId)
  const refusal = group === undefined ? MISSING : group.deleteError()
  if (group === undefined || refusal !== null) {
    reply.send(refusal ?? MISSING)
    return NOTHING
  }
  return {
    // Of a group with many offsets they do not fit into one batch; the group goes with the last.
    records: groupTombstones(machine, group),
    inPieces: true,
    applied: () => {
      group.forgetTimers(machine)
      reply.send({ errorCode: ErrorCode.NONE, errorMessage: null })
    },
    refused: (refusal) => reply.sendError(refusal),
  }
}

const MISSING: Refusal = { errorCode: ErrorCode.GROUP_ID_NOT_FOUND, errorMessage: null }

/** What makes a group and all its offsets disappear; offsets first, for an offset without a group would make one. */
function groupTombstones(machine: GroupMachine, group: Group): GroupRecord[] {
  const { groupId } = group
  const offsets = machine.offsets.partitionsOf(groupId)
  const tombstones = offsets.map(({ topic, partition }) => offsetTombstone(groupId, topic, partition))
  return [...tombstones, ...group.tombstones()]
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
  for (const group of machine.groups.values()) {
    if (group instanceof ShareGroup) records.push(...forgetTopics(group, topics))
  }
  return { records, inPieces: true, refused: () => {} }
}
