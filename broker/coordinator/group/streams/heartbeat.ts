// StreamsGroupHeartbeat: members join (epoch 0) with their topology, tell that they are alive and which tasks they
// have, and leave (epoch -1; -2 for a static member that is going to come back). The answer has the member's epoch, the
// tasks that it shall have when they have changed, what is wrong with the group as a list of statuses, and who serves
// what when that has changed since the member was told last. Source: GroupMetadataManager of Apache Kafka.

import { ErrorCode } from '../../../../protocol/error-codes.ts'
import type { GroupMachine, GroupOutcome } from '../model/group-machine.ts'
import type { Refusal } from '../model/refusal.ts'
import { isRefusal } from '../model/refusal.ts'
import { runAll } from '../modern/draft.ts'
import { LEAVE_EPOCH, LEAVE_STATIC_EPOCH } from '../modern/modern-group.ts'
import { inPiecesByTarget } from '../modern/target-pieces.ts'
import type { ConfiguredTopology } from './configured-topology.ts'
import { partitionsByEndpoint } from './endpoints.ts'
import { enterGroup, enterMember, findGroup } from './enter.ts'
import { delayFirstTarget } from './first-target.ts'
import {
  type HeartbeatAnswer,
  type HeartbeatReply,
  type HeartbeatRequest,
  refuseHeartbeat,
} from './heartbeat-answer.ts'
import { leaveStreamsGroup } from './leave.ts'
import { STATUS, type TopicFault } from './partition-counts.ts'
import { approach, type Prepared, prepare, type Speaker, type StreamsDraft, targetOf } from './progress.ts'
import { assignmentConfigs, rackAwareTags, streamsConfig } from './streams-config.ts'
import { type StreamsGroup, streamsGroup } from './streams-group.ts'
import { equalEndpoints, type StreamsMember } from './streams-member.ts'
import { NO_OFFSETS, reportOffsets } from './task-offsets.ts'
import { isSameHeld, type TaskIds, type TaskSets, toTaskIds, toTasks } from './tasks.ts'
import { extendSession } from './timers.ts'
import { Topology } from './topology.ts'

export function heartbeat(machine: GroupMachine, request: HeartbeatRequest, reply: HeartbeatReply): GroupOutcome {
  const { groupId, memberId, memberEpoch } = request
  if (memberEpoch === LEAVE_EPOCH || memberEpoch === LEAVE_STATIC_EPOCH)
    return leaveStreamsGroup(machine, request, reply)
  const draft: StreamsDraft = { records: [], whenApplied: [], status: [] }
  const group = memberEpoch === 0 ? enterGroup(machine, groupId, draft) : findGroup(machine, groupId)
  if (isRefusal(group)) return refuseHeartbeat(reply, group)
  const entered = enterMember(machine, group, request, draft)
  if (isRefusal(entered)) return refuseHeartbeat(reply, entered)
  const topology = topologyOf(group, request)
  if (isRefusal(topology)) return refuseHeartbeat(reply, topology)
  const speaker: Speaker = { group, ...entered, after: told(entered.before, request), topology }
  tellStale(speaker, draft)
  const prepared = prepare(machine, speaker, draft)
  if (isRefusal(prepared)) return refuseHeartbeat(reply, prepared)
  const invalidTask = taskFault(prepared.configured, request)
  if (invalidTask !== null) return refuseHeartbeat(reply, invalid(invalidTask))
  const { taskOffsets, taskEndOffsets } = request
  const offsets = reportOffsets(group.taskOffsets.get(memberId) ?? NO_OFFSETS, taskOffsets, taskEndOffsets)
  if (typeof offsets === 'string') return refuseHeartbeat(reply, invalid(offsets))
  const target = targetOf(machine, speaker, prepared, draft)
  const member = approach(machine, speaker, target, ownedBy(request), draft)
  if (member === null) return refuseHeartbeat(reply, LOST)
  const wasEmpty = group.isEmpty
  const endpointEpoch = group.endpointEpoch + (hasEndpointChanged(speaker, member) ? 1 : 0)
  const isKnown = machine.groups.has(groupId)
  const answer = answerFor(machine, request, speaker, member, prepared, { endpointEpoch, isKnown }, draft)
  return {
    records: draft.records,
    ...inPiecesByTarget(draft.records),
    applied: () => {
      const current = streamsGroup(machine, groupId)
      if (current !== undefined) {
        current.configured = prepared.configured
        if (taskOffsets !== null || taskEndOffsets !== null) current.taskOffsets.set(memberId, offsets)
        if (isKnown) current.endpointEpoch = endpointEpoch
        if (request.shutdownApplication) current.shutdownRequestedBy ??= memberId
        const { initialRebalanceDelayMs } = streamsConfig(machine.config, groupId)
        if (wasEmpty && initialRebalanceDelayMs > 0) delayFirstTarget(machine, groupId)
      }
      runAll(draft)
      extendSession(machine, groupId, memberId)
      reply.send(answer)
    },
    refused: (errorCode) => reply.sendError(errorCode),
  }
}

const invalid = (errorMessage: string): Refusal => ({ errorCode: ErrorCode.INVALID_REQUEST, errorMessage })

const LOST: Refusal = {
  errorCode: ErrorCode.FENCED_MEMBER_EPOCH,
  errorMessage: 'The streams group member is in a unknown state. The member must abandon all its tasks and rejoin.',
}

/** The group's topology; the member's, if the group has none. An old member may go on with an old one. */
function topologyOf(group: StreamsGroup, { topology }: HeartbeatRequest): Topology | Refusal {
  const own = topology === null ? null : new Topology(topology)
  const known = group.topology ?? own
  if (known === null) throw new Error(`assertion: streams group ${group.groupId} has no topology`)
  if (own === null || known === own || known.epoch > own.epoch || known.equals(own)) return known
  return invalid('Topology updates are not supported yet.')
}

/** What a heartbeat leaves out is as it was, but for the endpoint of a member that joins. */
function told(member: StreamsMember, request: HeartbeatRequest): StreamsMember {
  const { instanceId, rackId, rebalanceTimeoutMs, topology, processId, userEndpoint, clientTags } = request
  const isJoining = request.memberEpoch === 0
  return {
    ...member,
    instanceId: instanceId ?? member.instanceId,
    rackId: rackId ?? member.rackId,
    rebalanceTimeoutMs: rebalanceTimeoutMs === -1 ? member.rebalanceTimeoutMs : rebalanceTimeoutMs,
    topologyEpoch: topology?.epoch ?? member.topologyEpoch,
    processId: processId ?? member.processId,
    userEndpoint: isJoining ? userEndpoint : (userEndpoint ?? member.userEndpoint),
    clientTags: clientTags === null ? member.clientTags : new Map(clientTags.map(({ key, value }) => [key, value])),
    clientId: request.clientId,
    clientHost: request.clientHost,
  }
}

function tellStale({ group, after }: Speaker, { status }: StreamsDraft): void {
  const epoch = group.topology?.epoch ?? -1
  if (after.topologyEpoch >= epoch) return
  const statusDetail =
    `The member's topology epoch ${after.topologyEpoch} is behind ` + `the group's topology epoch ${epoch}.`
  status.push({ statusCode: STATUS.staleTopology, statusDetail })
}

function taskFault({ fault, subtopologies }: ConfiguredTopology, request: HeartbeatRequest): string | null {
  if (fault !== null) return null
  for (const ids of [request.activeTasks, request.standbyTasks, request.warmupTasks]) {
    for (const { subtopologyId, partitions } of ids ?? []) {
      const count = subtopologies.get(subtopologyId)?.taskCount
      if (count === undefined) return `Subtopology ${subtopologyId} does not exist in the topology.`
      const wrong = partitions.find((partition) => partition < 0 || partition >= count)
      if (wrong === undefined) continue
      const known = `Number of tasks for this subtopology: ${count}`
      return `Task ${wrong} for subtopology ${subtopologyId} is invalid. ${known}`
    }
  }
  return null
}

function ownedBy({ activeTasks, standbyTasks, warmupTasks }: HeartbeatRequest): TaskSets | null {
  if (activeTasks === null || standbyTasks === null || warmupTasks === null) return null
  const owned = (ids: readonly TaskIds[]): TaskSets['active'] =>
    toTasks(ids.filter(({ partitions }) => partitions.length > 0))
  return { active: owned(activeTasks), standby: owned(standbyTasks), warmup: owned(warmupTasks) }
}

function hasEndpointChanged({ before }: Speaker, member: StreamsMember): boolean {
  if (!equalEndpoints(before.userEndpoint, member.userEndpoint)) return true
  return member.userEndpoint !== null && !isSameHeld(before.assigned, member.assigned)
}

function answerFor(
  machine: GroupMachine,
  request: HeartbeatRequest,
  speaker: Speaker,
  member: StreamsMember,
  { configured }: Prepared,
  { endpointEpoch, isKnown }: { readonly endpointEpoch: number; readonly isKnown: boolean },
  { status }: StreamsDraft,
): HeartbeatAnswer {
  const { groupId } = request
  const config = streamsConfig(machine.config, groupId)
  const { active, standby, warmup } = member.assigned
  const isTold = request.memberEpoch === 0 || !isSameHeld(speaker.before.assigned, member.assigned)
  if (configured.fault !== null) status.push(configured.fault)
  const shutdownBy = speaker.group.shutdownRequestedBy ?? (request.shutdownApplication ? request.memberId : null)
  if (shutdownBy !== null) status.push(shutdown(shutdownBy))
  status.push(...missingTags(machine, request, member))
  const response = {
    errorCode: ErrorCode.NONE,
    errorMessage: null,
    memberId: member.memberId,
    memberEpoch: member.memberEpoch,
    heartbeatIntervalMs: config.heartbeatIntervalMs,
    taskOffsetIntervalMs: config.taskOffsetIntervalMs,
    acceptableRecoveryLag: BigInt(config.acceptableRecoveryLag),
    status,
    activeTasks: isTold ? toTaskIds(active) : null,
    standbyTasks: isTold ? toTaskIds(standby) : null,
    warmupTasks: isTold ? toTaskIds(warmup) : null,
    // A group that is about to exist counts from 0 again.
    endpointInformationEpoch: isKnown ? endpointEpoch : 0,
    partitionsByUserEndpoint:
      endpointEpoch === request.endpointInformationEpoch
        ? null
        : partitionsByEndpoint(machine.topics, speaker, member, configured),
  }
  return { response, missingTopics: configured.fault === null ? [] : configured.missingTopics }
}

function shutdown(memberId: string): TopicFault {
  const statusDetail =
    `Streams group member ${memberId} encountered a fatal error and requested a shutdown for the entire ` +
    'application.'
  return { statusCode: STATUS.shutdownApplication, statusDetail }
}

/** v1+: of clients that know the status. */
function missingTags(machine: GroupMachine, request: HeartbeatRequest, { clientTags }: StreamsMember): TopicFault[] {
  if (request.apiVersion < 1) return []
  const missing = rackAwareTags(assignmentConfigs(machine.config, request.groupId)).filter(
    (tag) => !clientTags.has(tag),
  )
  if (missing.length === 0) return []
  const statusDetail =
    `Missing required client tags for rack-aware standby assignment: [${missing.join(', ')}]. Configure them via ` +
    "'client.tag.<tagKey>' in your Streams config."
  return [{ statusCode: STATUS.missingClientTags, statusDetail }]
}
