// OffsetCommit: by a member of the current generation, or by whoever assigns itself (generation -1, no member id) while
// the group has no members. Topics come by name here, with their ids; names and ids are resolved in
// group-coordinator.ts.

import { ErrorCode } from '../../../../protocol/error-codes.ts'
import { ZERO_UUID } from '../../../../protocol/wire.ts'
import type { Reply } from '../../runtime/reply.ts'
import { NOTHING } from '../../runtime/state-machine.ts'
import type { CommitPartition, CommitPartitionCheck, CommitRequest, CommitTopic } from '../model/commit-request.ts'
import type { GroupMachine, GroupOutcome } from '../model/group-machine.ts'
import type { GroupRecord } from '../model/group-records.ts'

/** Error codes in the order of the request's topics and partitions. */
export type CommitAnswer = readonly (readonly number[])[]

export function commitError(topics: readonly CommitTopic[], errorCode: number): CommitAnswer {
  return topics.map(({ partitions }) => partitions.map(() => errorCode))
}

export function commitOffsets(machine: GroupMachine, request: CommitRequest, reply: Reply<CommitAnswer>): GroupOutcome {
  const { producer } = request
  const isTransactional = producer !== undefined
  const group = machine.groups.get(request.groupId)
  const errorCode = group === undefined ? missingGroupError(request) : group.commitError(request, isTransactional)
  if (errorCode !== ErrorCode.NONE) {
    reply.send(commitError(request.topics, errorCode))
    return NOTHING
  }
  if (group !== undefined && !isTransactional) machine.onCommit(group, request.memberId)
  const staleError = stalePartitionError(group?.commitCheck(request) ?? null, request)
  if (staleError !== ErrorCode.NONE) {
    reply.send(commitError(request.topics, staleError))
    return NOTHING
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
    ...(producer !== undefined && { producer }),
    applied: () => reply.send(answer),
    refused: (refusal) => reply.sendError(refusal),
  }
}

/** One partition that the member may not commit is enough to refuse all. */
function stalePartitionError(check: CommitPartitionCheck | null, { topics }: CommitRequest): number {
  if (check === null) return ErrorCode.NONE
  for (const { topicId, partitions } of topics) {
    for (const { partitionIndex } of partitions) {
      const errorCode = check(topicId, partitionIndex)
      if (errorCode !== ErrorCode.NONE) return errorCode
    }
  }
  return ErrorCode.NONE
}

function missingGroupError({ generationId, apiVersion, producer }: CommitRequest): number {
  if (generationId < 0) return ErrorCode.NONE
  // Only clients since then understand that a group is not there; TxnOffsetCommit v6 is as OffsetCommit v10.
  return apiVersion >= (producer === undefined ? 9 : 10) ? ErrorCode.GROUP_ID_NOT_FOUND : ErrorCode.ILLEGAL_GENERATION
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
