// ConsumerGroupHeartbeat: members join (epoch 0), tell that they are alive and what they own, and leave (epoch -1; -2
// for a static member that is going to come back). The answer has the member's epoch, and what it shall own when that
// has changed. Source: GroupMetadataManager of Apache Kafka.

import { ErrorCode } from '../../../../protocol/error-codes.ts'
import type { GroupMachine, GroupOutcome } from '../model/group-machine.ts'
import { isRefusal, type Refusal } from '../model/refusal.ts'
import { toTopicPartitions } from '../modern/assignment.ts'
import { type Draft, runAll } from '../modern/draft.ts'
import { LEAVE_EPOCH, LEAVE_STATIC_EPOCH } from '../modern/modern-group.ts'
import { inPiecesByTarget } from '../modern/target-pieces.ts'
import { consumerConfig } from './consumer-config.ts'
import { type ConsumerMember, equalEpochAssignments } from './consumer-member.ts'
import { enterGroup, enterMember, findGroup } from './enter.ts'
import {
  type HeartbeatAnswer,
  type HeartbeatReply,
  type HeartbeatRequest,
  refuseHeartbeat,
} from './heartbeat-answer.ts'
import { leaveConsumerGroup } from './leave.ts'
import { approach, subscribe, targetOf } from './progress.ts'
import type { Speaker } from './speaker.ts'
import { extendSession } from './timers.ts'

export function heartbeat(machine: GroupMachine, request: HeartbeatRequest, reply: HeartbeatReply): GroupOutcome {
  const { groupId, memberEpoch } = request
  if (memberEpoch === LEAVE_EPOCH || memberEpoch === LEAVE_STATIC_EPOCH) {
    const group = findGroup(machine, groupId)
    return isRefusal(group) ? refuseHeartbeat(reply, group) : leaveConsumerGroup(machine, group, request, reply)
  }
  const draft: Draft = { records: [], whenApplied: [] }
  const isJoining = memberEpoch === 0
  const group = isJoining ? enterGroup(machine, groupId, draft) : findGroup(machine, groupId)
  if (isRefusal(group)) return refuseHeartbeat(reply, group)
  const entered = enterMember(machine, group, { ...request, owned: request.topicPartitions, isClassic: false }, draft)
  if (isRefusal(entered)) return refuseHeartbeat(reply, entered)
  const speaker: Speaker = { group, ...entered, after: told(entered.before, request) }
  const subscribed = subscribe(machine, speaker, draft, false)
  if (isRefusal(subscribed)) return refuseHeartbeat(reply, subscribed)
  const target = targetOf(machine, speaker, subscribed, draft)
  const { hasSubscriptionChanged } = subscribed
  const member = approach(machine, speaker, target, hasSubscriptionChanged, request.topicPartitions, draft)
  if (member === null) return refuseHeartbeat(reply, LOST)
  return {
    records: draft.records,
    ...inPiecesByTarget(draft.records),
    applied: () => {
      runAll(draft)
      extendSession(machine, groupId, member)
      reply.send(answerFor(machine, request, speaker.before, member))
    },
    refused: (errorCode) => reply.sendError(errorCode),
  }
}

const LOST: Refusal = {
  errorCode: ErrorCode.FENCED_MEMBER_EPOCH,
  errorMessage:
    'The consumer group member is in a unknown state. The member must abandon all its partitions and rejoin.',
}

/** What a heartbeat leaves out is as it was. */
function told(member: ConsumerMember, request: HeartbeatRequest): ConsumerMember {
  const { instanceId, rackId, rebalanceTimeoutMs, serverAssignor, subscribedTopicNames, subscribedTopicRegex } = request
  return {
    ...member,
    instanceId: instanceId ?? member.instanceId,
    rackId: rackId ?? member.rackId,
    rebalanceTimeoutMs: rebalanceTimeoutMs === -1 ? member.rebalanceTimeoutMs : rebalanceTimeoutMs,
    serverAssignor: serverAssignor ?? member.serverAssignor,
    subscribedTopicNames: subscribedTopicNames === null ? member.subscribedTopicNames : new Set(subscribedTopicNames),
    subscribedTopicRegex: subscribedTopicRegex ?? member.subscribedTopicRegex,
    clientId: request.clientId,
    clientHost: request.clientHost,
    classic: null,
  }
}

function answerFor(
  machine: GroupMachine,
  request: HeartbeatRequest,
  before: ConsumerMember,
  member: ConsumerMember,
): HeartbeatAnswer {
  const { memberEpoch, rebalanceTimeoutMs, subscribedTopicNames, subscribedTopicRegex, topicPartitions } = request
  const hasSubscription = subscribedTopicNames !== null || subscribedTopicRegex !== null
  const isFull = rebalanceTimeoutMs !== -1 && hasSubscription && topicPartitions !== null
  const isTold = memberEpoch === 0 || isFull || !equalEpochAssignments(before.assigned, member.assigned)
  return {
    errorCode: ErrorCode.NONE,
    errorMessage: null,
    memberId: member.memberId,
    memberEpoch: member.memberEpoch,
    heartbeatIntervalMs: consumerConfig(machine.config, request.groupId).heartbeatIntervalMs,
    assignment: isTold ? { topicPartitions: toTopicPartitions(member.assigned) } : null,
  }
}
