// The requests of share groups as the handlers see them: what is wrong before a group is looked at, the way to the
// shard, and what is asked of the share coordinator in between.

import type { RequestOf } from '../../../../protocol/apis.ts'
import { ErrorCode } from '../../../../protocol/error-codes.ts'
import { coordinatorRefusal } from '../../runtime/coordinator-errors.ts'
import type { ShareCoordinator } from '../../share/share-coordinator.ts'
import { describeEach, type GroupShards } from '../model/group-shards.ts'
import { clientOf, type GroupRequestContext, isBlank } from '../model/request-context.ts'
import { type DescribedShareGroup, describeShareGroup, describeShareGroupError } from './describe.ts'
import { shareHeartbeat } from './heartbeat.ts'
import { type ShareHeartbeat, type ShareHeartbeatAnswer, shareHeartbeatError } from './heartbeat-answer.ts'
import { stateInitialized } from './state-plans.ts'
import type { StatePartitions } from './state-topics.ts'

const UNDECIDED_OFFSET = -1
const MAX_MEMBER_ID_LENGTH = 36

export async function shareGroupHeartbeat(
  groups: GroupShards,
  shareState: ShareCoordinator,
  context: GroupRequestContext,
  request: RequestOf<'ShareGroupHeartbeat'>,
): Promise<ShareHeartbeatAnswer> {
  const { memberId } = request
  if (isBlank(memberId) || memberId.length > MAX_MEMBER_ID_LENGTH) {
    return shareHeartbeatError(ErrorCode.INVALID_REQUEST).answer
  }
  const fault = heartbeatFault(request)
  if (fault !== null) return shareHeartbeatError(ErrorCode.INVALID_REQUEST, fault).answer
  const told = { ...request, ...clientOf(context) }
  const beat = (epoch: number) =>
    groups.run<ShareHeartbeat>(
      request.groupId,
      (machine, reply) => shareHeartbeat(machine, { ...told, memberEpoch: epoch }, reply),
      (errorCode) => shareHeartbeatError(errorCode),
    )
  const { answer, toInitialize } = await beat(request.memberEpoch)
  if (toInitialize.length === 0) return answer
  // Kafka lets the member find out with its next heartbeat, which is five seconds away.
  await initialize(groups, shareState, request.groupId, toInitialize)
  const second = await beat(answer.memberEpoch)
  if (second.answer.errorCode !== ErrorCode.NONE) return answer
  return { ...second.answer, assignment: second.answer.assignment ?? answer.assignment ?? null }
}

/** What could not be initialised is tried again with a later heartbeat. */
async function initialize(
  groups: GroupShards,
  shareState: ShareCoordinator,
  groupId: string,
  topics: readonly StatePartitions[],
): Promise<void> {
  const initialized = await initializeState(shareState, groupId, topics, () => UNDECIDED_OFFSET)
  const done = topics.map((topic) => ({
    ...topic,
    partitions: topic.partitions.filter((partition) => initialized(topic.topicId, partition) === ErrorCode.NONE),
  }))
  await groups.run<number>(
    groupId,
    (machine, reply) =>
      stateInitialized(
        machine,
        groupId,
        done.filter(({ partitions }) => partitions.length > 0),
        reply,
      ),
    (errorCode) => errorCode,
  )
}

/** Resolves to what became of each partition. */
export async function initializeState(
  shareState: ShareCoordinator,
  groupId: string,
  topics: readonly StatePartitions[],
  startOffsetOf: (topicId: string, partition: number) => number,
): Promise<(topicId: string, partition: number) => number> {
  const codes = new Map<string, number>()
  await Promise.all(
    topics.flatMap(({ topicId, partitions, stateEpoch }) =>
      partitions.map(async (partition) => {
        const asked = { stateEpoch, startOffset: startOffsetOf(topicId, partition) }
        const { errorCode } = await shareState.initialize({ groupId, topicId, partition }, asked)
        codes.set(`${topicId}:${partition}`, errorCode)
      }),
    ),
  )
  return (topicId, partition) => codes.get(`${topicId}:${partition}`) ?? ErrorCode.UNKNOWN_SERVER_ERROR
}

function heartbeatFault(request: RequestOf<'ShareGroupHeartbeat'>): string | null {
  const { groupId, memberEpoch, rackId, subscribedTopicNames } = request
  if (isBlank(groupId)) return "GroupId can't be empty."
  if (isBlank(rackId)) return "RackId can't be empty."
  if (memberEpoch < -1) return 'MemberEpoch is invalid.'
  if (memberEpoch === 0 && (subscribedTopicNames === null || subscribedTopicNames.length === 0)) {
    return 'SubscribedTopicNames must be set in first request.'
  }
  return null
}

export function describeShareGroups(groups: GroupShards, groupIds: readonly string[]): Promise<DescribedShareGroup[]> {
  return describeEach(groups, groupIds, describeShareGroup, (groupId, errorCode) =>
    describeShareGroupError(groupId, errorCode, coordinatorRefusal(errorCode).errorMessage),
  )
}
