// OffsetCommit: by a member of the current generation, or by whoever assigns itself (generation -1, no member id) while
// the group has no members. Topics come by name here, with their ids; names and ids are resolved in
// group-coordinator.ts.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { ZERO_UUID } from '../../../protocol/wire.ts'
import type { Reply } from '../runtime/reply.ts'
import { NOTHING } from '../runtime/state-machine.ts'
import type { ClassicGroup } from './classic/classic-group.ts'
import { memberError } from './classic/members.ts'
import { extendSession } from './classic/rebalance.ts'
import { ForeignGroup } from './foreign-group.ts'
import type { GroupMachine, GroupOutcome } from './group-machine.ts'
import type { GroupRecord } from './group-records.ts'

export interface CommitPartition {
  readonly partitionIndex: number
  readonly committedOffset: bigint
  readonly committedLeaderEpoch: number
  readonly committedMetadata: string | null
}

export interface CommitTopic {
  readonly name: string
  readonly topicId: string
  readonly partitions: readonly CommitPartition[]
}

export interface CommitRequest {
  readonly groupId: string
  readonly generationId: number
  readonly memberId: string
  readonly groupInstanceId: string | null
  /** -1n: the broker's retention. Versions 2 to 4 have it. */
  readonly retentionTimeMs: bigint
  readonly topics: readonly CommitTopic[]
  /** v9+ may be told that a group does not exist. */
  readonly knowsMissingGroup: boolean
}

/** Error codes in the order of the request's topics and partitions. */
export type CommitAnswer = readonly (readonly number[])[]

export function commitError(topics: readonly CommitTopic[], errorCode: number): CommitAnswer {
  return topics.map(({ partitions }) => partitions.map(() => errorCode))
}

export function commitOffsets(machine: GroupMachine, request: CommitRequest, reply: Reply<CommitAnswer>): GroupOutcome {
  const group = machine.groups.get(request.groupId)
  const errorCode =
    group === undefined || group instanceof ForeignGroup ? outsiderError(group, request) : insiderError(group, request)
  if (errorCode !== ErrorCode.NONE) {
    reply.send(commitError(request.topics, errorCode))
    return NOTHING
  }
  // Who commits is alive.
  if (group !== undefined && !(group instanceof ForeignGroup) && group.members.has(request.memberId)) {
    if (group.state === 'Stable' || group.state === 'PreparingRebalance')
      extendSession(machine, group, request.memberId)
  }
  const records: GroupRecord[] = []
  const answer = request.topics.map((topic) =>
    topic.partitions.map((partition) => {
      const metadata = partition.committedMetadata ?? ''
      if (metadata.length > machine.config.offsetMetadataMaxBytes) return ErrorCode.OFFSET_METADATA_TOO_LARGE
      records.push(offsetRecord(machine.now(), request, topic, partition, metadata))
      return ErrorCode.NONE
    }),
  )
  return {
    records,
    applied: () => reply.send(answer),
    refused: (refusal) => reply.sendError(refusal),
  }
}

/** To a group that is not there, or that cannot have members here. */
function outsiderError(group: ForeignGroup | undefined, request: CommitRequest): number {
  if (request.generationId < 0 && request.memberId === '') return ErrorCode.NONE
  if (group !== undefined) return ErrorCode.UNKNOWN_MEMBER_ID
  if (request.generationId < 0) return ErrorCode.NONE
  return request.knowsMissingGroup ? ErrorCode.GROUP_ID_NOT_FOUND : ErrorCode.ILLEGAL_GENERATION
}

function insiderError(group: ClassicGroup, { generationId, memberId, groupInstanceId }: CommitRequest): number {
  if (generationId < 0 && group.state === 'Empty') return ErrorCode.NONE
  if (generationId < 0 && memberId === '' && groupInstanceId === null) return ErrorCode.UNKNOWN_MEMBER_ID
  const errorCode = memberError(group, memberId, groupInstanceId)
  if (errorCode !== ErrorCode.NONE) return errorCode
  if (generationId !== group.generationId) return ErrorCode.ILLEGAL_GENERATION
  // It has not seen its assignment of this generation: it may no longer own what it commits.
  return group.state === 'CompletingRebalance' ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE
}

function offsetRecord(
  now: number,
  { groupId, retentionTimeMs }: CommitRequest,
  { name, topicId }: CommitTopic,
  partition: CommitPartition,
  metadata: string,
): GroupRecord {
  // The one version of the record that has room for an expiry has none for epoch and id.
  const expires = retentionTimeMs !== -1n
  const value = {
    offset: partition.committedOffset,
    leaderEpoch: expires ? -1 : partition.committedLeaderEpoch,
    metadata,
    commitTimestamp: BigInt(now),
    expireTimestamp: expires ? BigInt(now) + retentionTimeMs : -1n,
    topicId: expires ? ZERO_UUID : topicId,
  }
  return { kind: 'offset', groupId, topic: name, partition: partition.partitionIndex, value }
}
