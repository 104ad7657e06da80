// The requests of consumer groups as the handlers see them: what is wrong before a group is looked at, and the way to
// the shard. Source: GroupCoordinatorService and KafkaApis of Apache Kafka.

import type { RequestOf } from '../../../../protocol/apis.ts'
import { ErrorCode } from '../../../../protocol/error-codes.ts'
import type { GroupConfig } from '../model/group-config.ts'
import { describeEach, type GroupShards } from '../model/group-shards.ts'
import type { Refusal } from '../model/refusal.ts'
import { clientOf, type GroupRequestContext, isBlank } from '../model/request-context.ts'
import { LEAVE_EPOCH, LEAVE_STATIC_EPOCH } from '../modern/modern-group.ts'
import { type DescribedConsumerGroup, describeConsumerGroup, describeConsumerGroupError } from './describe.ts'
import { heartbeat } from './heartbeat.ts'
import { type HeartbeatAnswer, heartbeatError } from './heartbeat-answer.ts'
import { loadRegexEngine } from './regex.ts'

export async function consumerGroupHeartbeat(
  groups: GroupShards,
  context: GroupRequestContext,
  request: RequestOf<'ConsumerGroupHeartbeat'>,
): Promise<HeartbeatAnswer> {
  const fault = heartbeatFault(groups.config, context.apiVersion, request)
  if (fault !== null) return heartbeatError(fault.errorCode, fault.errorMessage)
  if (request.subscribedTopicRegex !== null && request.subscribedTopicRegex !== '') await loadRegexEngine()
  const told = { ...request, ...clientOf(context) }
  return groups.run<HeartbeatAnswer>(
    request.groupId,
    (machine, reply) => heartbeat(machine, told, reply),
    (errorCode) => heartbeatError(errorCode),
  )
}

function heartbeatFault(
  config: GroupConfig,
  apiVersion: number,
  request: RequestOf<'ConsumerGroupHeartbeat'>,
): Refusal | null {
  const { memberId, memberEpoch, groupId, instanceId, rackId, serverAssignor } = request
  const needsMemberId = apiVersion >= 1 || memberEpoch > 0 || memberEpoch === LEAVE_EPOCH
  if (needsMemberId && isBlank(memberId)) return invalid("MemberId can't be empty.")
  if (isBlank(groupId)) return invalid("GroupId can't be empty.")
  if (isBlank(instanceId)) return invalid("InstanceId can't be empty.")
  if (isBlank(rackId)) return invalid("RackId can't be empty.")
  if (memberEpoch === 0) {
    const fault = joinFault(request)
    if (fault !== null) return invalid(fault)
  } else if (memberEpoch === LEAVE_STATIC_EPOCH) {
    if (instanceId === null) return invalid("InstanceId can't be null.")
  } else if (memberEpoch < LEAVE_STATIC_EPOCH) return invalid('MemberEpoch is invalid.')
  const assignors = config.get('group.consumer.assignors') ?? []
  if (serverAssignor === null || assignors.includes(serverAssignor)) return null
  const supported = [...assignors].sort().join(', ')
  return {
    errorCode: ErrorCode.UNSUPPORTED_ASSIGNOR,
    errorMessage: `ServerAssignor ${serverAssignor} is not supported. Supported assignors: ${supported}.`,
  }
}

function joinFault(request: RequestOf<'ConsumerGroupHeartbeat'>): string | null {
  if (request.rebalanceTimeoutMs === -1) return 'RebalanceTimeoutMs must be provided in first request.'
  if (request.topicPartitions?.length !== 0) return 'TopicPartitions must be empty when (re-)joining.'
  if (request.subscribedTopicNames === null && request.subscribedTopicRegex === null) {
    return 'Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.'
  }
  return null
}

const invalid = (errorMessage: string): Refusal => ({ errorCode: ErrorCode.INVALID_REQUEST, errorMessage })

export function describeConsumerGroups(
  groups: GroupShards,
  groupIds: readonly string[],
): Promise<DescribedConsumerGroup[]> {
  return describeEach(groups, groupIds, describeConsumerGroup, describeConsumerGroupError)
}
