// What is deleted on request: single offsets (OffsetDelete, KIP-496), whole groups (DeleteGroups, KIP-229), the offsets
// of topics that are gone.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { ZERO_UUID } from '../../../protocol/wire.ts'
import type { Reply } from '../runtime/reply.ts'
import { NOTHING } from '../runtime/state-machine.ts'
import type { Group } from './model/group.ts'
import type { GroupMachine, GroupOutcome } from './model/group-machine.ts'
import { type GroupRecord, offsetTombstone } from './model/group-records.ts'
import type { CommittedOffset } from './model/offset-store.ts'
import type { Refusal } from './model/refusal.ts'
import { ShareGroup } from './share/share-group.ts'
import { forgetTopics } from './share/state-plans.ts'

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
      machine.forgetTimers(group)
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
  const names = new Set(topics)
  for (const groupId of machine.groups.keys()) {
    for (const { topic, partition } of machine.offsets.partitionsOf(groupId)) {
      if (names.has(topic)) records.push(offsetTombstone(groupId, topic, partition))
    }
  }
  for (const group of machine.groups.values()) {
    if (group instanceof ShareGroup) records.push(...forgetTopics(group, names))
  }
  return { records, inPieces: true, refused: () => {} }
}

/**
 * The log is loaded: offsets go whose topic was deleted before their tombstones were written, or while nobody here led
 * the log. Nothing commits an offset of a topic that there is not. Kafka keeps them until they expire.
 */
export function deleteOffsetsOfLostTopics(machine: GroupMachine): GroupOutcome {
  const { offsets, topics, groups, host } = machine
  const records: GroupRecord[] = []
  const lost = new Set<string>()
  for (const groupId of groups.keys()) {
    for (const { topic, partition } of offsets.partitionsOf(groupId)) {
      const topicId = topics.idOf(topic)
      const isLost = (one: CommittedOffset) =>
        topicId === undefined || (one.topicId !== topicId && one.topicId !== ZERO_UUID)
      if (!offsets.all(groupId, topic, partition).every(isLost)) continue
      records.push(offsetTombstone(groupId, topic, partition))
      lost.add(topic)
    }
  }
  if (lost.size > 0) {
    host.logger.info('group: offsets of topics that are gone are deleted', {
      offsets: records.length,
      topics: lost.size,
    })
  }
  // They are there at the next load.
  return { records, inPieces: true, refused: () => {} }
}
