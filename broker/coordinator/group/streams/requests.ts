// The requests of streams groups as the handlers see them: what is wrong before a group is looked at, and the way to
// the shard. Source: GroupCoordinatorService and KafkaApis of Apache Kafka.

import type { RequestOf } from '../../../../protocol/apis.ts'
import { ErrorCode } from '../../../../protocol/error-codes.ts'
import { describeEach, type GroupShards } from '../model/group-shards.ts'
import type { Refusal } from '../model/refusal.ts'
import { clientOf, type GroupRequestContext, isBlank } from '../model/request-context.ts'
import { LEAVE_STATIC_EPOCH } from '../modern/modern-group.ts'
import { type DescribedStreamsGroup, describeStreamsGroup, describeStreamsGroupError } from './describe.ts'
import { heartbeat } from './heartbeat.ts'
import { type HeartbeatAnswer, heartbeatError } from './heartbeat-answer.ts'

type Heartbeat = RequestOf<'StreamsGroupHeartbeat'>

export async function streamsGroupHeartbeat(
  groups: GroupShards,
  context: GroupRequestContext,
  request: Heartbeat,
): Promise<HeartbeatAnswer> {
  const fault = heartbeatFault(request)
  if (fault !== null) return heartbeatError(fault.errorCode, fault.errorMessage)
  const told = { ...request, apiVersion: context.apiVersion, ...clientOf(context) }
  return groups.run<HeartbeatAnswer>(
    request.groupId,
    (machine, reply) => heartbeat(machine, told, reply),
    (errorCode) => heartbeatError(errorCode),
  )
}

function heartbeatFault(request: Heartbeat): Refusal | null {
  const { topology, memberEpoch, activeTasks, standbyTasks, warmupTasks } = request
  if (topology?.subtopologies.some(({ sourceTopicRegex }) => sourceTopicRegex.length > 0)) {
    return invalid('Regular expressions for source topics are not supported yet.')
  }
  if (isBlank(request.memberId)) return invalid("MemberId can't be empty.")
  if (isBlank(request.groupId)) return invalid("GroupId can't be empty.")
  if (isBlank(request.instanceId)) return invalid("InstanceId can't be empty.")
  if (isBlank(request.rackId)) return invalid("RackId can't be empty.")
  if (memberEpoch === 0) {
    const fault = joinFault(request)
    if (fault !== null) return fault
  } else if (memberEpoch === LEAVE_STATIC_EPOCH) {
    if (request.instanceId === null) return invalid("InstanceId can't be null.")
  } else if (memberEpoch < LEAVE_STATIC_EPOCH) {
    return invalid(`MemberEpoch is ${memberEpoch}, but must be greater than or equal to -2.`)
  }
  const told = [activeTasks, standbyTasks, warmupTasks].filter((tasks) => tasks !== null).length
  if (told !== 0 && told !== 3) return invalid('If one task-type is non-null, all must be non-null.')
  if (memberEpoch !== 0 && topology !== null) return invalid('Topology can only be provided when (re-)joining.')
  return null
}

function joinFault(request: Heartbeat): Refusal | null {
  const { rebalanceTimeoutMs, activeTasks, standbyTasks, warmupTasks, topology } = request
  if (rebalanceTimeoutMs === -1) return invalid('RebalanceTimeoutMs must be provided in first request.')
  if ((activeTasks?.length ?? 0) > 0) return invalid('ActiveTasks must be empty when (re-)joining.')
  if ((standbyTasks?.length ?? 0) > 0) return invalid('StandbyTasks must be empty when (re-)joining.')
  if ((warmupTasks?.length ?? 0) > 0) return invalid('WarmupTasks must be empty when (re-)joining.')
  if (topology === null) return invalid('Topology must be non-null when (re-)joining.')
  const changelogs = topology.subtopologies.flatMap(({ stateChangelogTopics }) => stateChangelogTopics)
  const fixed = changelogs.find(({ partitions }) => partitions !== 0)
  if (fixed !== undefined) {
    const { name, partitions } = fixed
    return invalidTopology(
      `Changelog topic ${name} must have an undefined partition count, but it is set to ${partitions}.`,
    )
  }
  const ids = new Set(topology.subtopologies.map(({ subtopologyId }) => subtopologyId))
  const isUsable = topology.epoch >= 0 && ids.size === topology.subtopologies.length
  return isUsable ? null : { errorCode: ErrorCode.UNKNOWN_SERVER_ERROR, errorMessage: null }
}

const invalid = (errorMessage: string): Refusal => ({ errorCode: ErrorCode.INVALID_REQUEST, errorMessage })
const invalidTopology = (errorMessage: string): Refusal => {
  return { errorCode: ErrorCode.STREAMS_INVALID_TOPOLOGY, errorMessage }
}

export function describeStreamsGroups(
  groups: GroupShards,
  groupIds: readonly string[],
  includeTopologyDescription: boolean,
): Promise<DescribedStreamsGroup[]> {
  return describeEach(
    groups,
    groupIds,
    (machine, groupId) => describeStreamsGroup(machine, groupId, includeTopologyDescription),
    describeStreamsGroupError,
  )
}
