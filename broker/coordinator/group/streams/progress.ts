// What a heartbeat moves on: the group epoch when members, topology, topics or configs have changed, the target when it
// is behind the group epoch and may be worked out, the member towards its target. Everything is decided on the group as
// it stands, with the member that speaks laid over it; records say what comes of it. Source:
// GroupMetadataManager.streamsGroupHeartbeat of Apache Kafka.

import type { GroupMachine } from '../model/group-machine.ts'
import type { GroupRecord } from '../model/group-records.ts'
import type { Refusal } from '../model/refusal.ts'
import type { Draft } from '../modern/draft.ts'
import { metadataHash } from '../modern/metadata-hash.ts'
import { type ConfiguredTopology, configureTopology } from './configured-topology.ts'
import { STATUS, type TopicFault } from './partition-counts.ts'
import { reconcile } from './reconcile.ts'
import { assignSticky } from './sticky-assignor.ts'
import { assignmentConfigs, equalConfigs, standbyReplicas, streamsConfig } from './streams-config.ts'
import type { StreamsGroup } from './streams-group.ts'
import {
  equalMetadata,
  equalPlace,
  equalProgress,
  isReconciledTo,
  MEMBER_STATE,
  type StreamsMember,
} from './streams-member.ts'
import {
  currentAssignmentRecord,
  groupEpochRecord,
  memberRecord,
  targetEpochRecord,
  targetRecord,
  topologyRecord,
} from './streams-records.ts'
import { isSame, NO_TASKS, type TaskSets } from './tasks.ts'
import { awaitRevocation, endRevocation } from './timers.ts'
import type { Topology } from './topology.ts'

/** A member that speaks: as it was before, and as it is now. */
export interface Speaker {
  readonly group: StreamsGroup
  readonly before: StreamsMember
  readonly after: StreamsMember
  /** The static member whose place it takes. */
  readonly replaces: StreamsMember | null
  /** The group's, or the one that it hands in. */
  readonly topology: Topology
}

/** With what is wrong with the group, as the answer is to tell. */
export interface StreamsDraft extends Draft {
  readonly status: TopicFault[]
}

export interface Prepared {
  readonly groupEpoch: number
  readonly configured: ConfiguredTopology
}

/** Stores what the member asks for; the group epoch grows if that, or what a target depends on, has changed. */
export function prepare(machine: GroupMachine, speaker: Speaker, draft: StreamsDraft): Prepared | Refusal {
  const { group, before, after, topology } = speaker
  const { groupId } = group
  let bump = false
  if (!equalMetadata(before, after) || !equalPlace(before, after)) {
    draft.records.push(memberRecord(groupId, after))
    // A static member that comes back as it was disturbs nobody.
    bump = after.instanceId === null || !equalPlace(before, after)
  }
  if (group.topology === null) draft.records.push(topologyRecord(groupId, topology.value))
  const known = group.configured
  const isCurrent = known !== null && known.version === machine.topics.version()
  const hash = isCurrent ? group.metadataHash : metadataHash(machine.topics, topology.requiredTopics)
  if (hash !== group.metadataHash) bump = true
  const configured =
    known !== null && hash === group.metadataHash
      ? { ...known, version: machine.topics.version() }
      : configureTopology(machine.topics, topology)
  if ('errorCode' in configured) return configured
  const validatedTopologyEpoch = configured.fault === null ? topology.epoch : -1
  const configs = assignmentConfigs(machine.config, groupId)
  if (validatedTopologyEpoch !== group.validatedTopologyEpoch || !equalConfigs(configs, group.assignmentConfigs)) {
    bump = true
  }
  if (!bump) return { groupEpoch: group.groupEpoch, configured }
  const { storedDescriptionTopologyEpoch, failedDescriptionTopologyEpoch } = group
  const groupEpoch = group.groupEpoch + 1
  draft.records.push(
    groupEpochRecord(groupId, {
      groupEpoch,
      metadataHash: hash,
      validatedTopologyEpoch,
      assignmentConfigs: configs,
      storedDescriptionTopologyEpoch,
      failedDescriptionTopologyEpoch,
    }),
  )
  machine.host.logger.info('group: new epoch', { group: groupId, epoch: groupEpoch })
  return { groupEpoch, configured }
}

export interface Target {
  readonly epoch: number
  readonly target: TaskSets
}

/** The target that the speaker is to go for: a new one, if one is due and nothing holds it up. */
export function targetOf(machine: GroupMachine, speaker: Speaker, prepared: Prepared, draft: StreamsDraft): Target {
  const { group, after, replaces } = speaker
  const { initialRebalanceDelayMs, assignmentIntervalMs } = streamsConfig(machine.config, group.groupId)
  if (group.isDelayed || (group.isEmpty && initialRebalanceDelayMs > 0)) {
    draft.status.push(delayed('initial rebalance delay'))
    return { epoch: group.assignmentEpoch, target: NO_TASKS }
  }
  const last = { epoch: group.assignmentEpoch, target: group.targetOf(replaces?.memberId ?? after.memberId) }
  if (group.assignmentEpoch >= prepared.groupEpoch) return last
  if (group.isTargetYoung(machine.now(), assignmentIntervalMs)) {
    draft.status.push(delayed('assignment interval'))
    return last
  }
  const targets = retarget(machine, group, prepared, speaker, draft.records)
  return { epoch: prepared.groupEpoch, target: targets.get(after.memberId) ?? NO_TASKS }
}

const delayed = (reason: string): TopicFault => ({
  statusCode: STATUS.assignmentDelayed,
  statusDetail: `Assignment delayed due to the configured ${reason}.`,
})

/** The new targets of all members, by member id; those that have changed are written. */
export function retarget(
  machine: GroupMachine,
  group: StreamsGroup,
  { groupEpoch, configured }: Prepared,
  speaker: Speaker | null,
  records: GroupRecord[],
): ReadonlyMap<string, TaskSets> {
  const { groupId } = group
  const members = new Map(group.members)
  const replaces = speaker?.replaces ?? null
  if (replaces !== null) members.delete(replaces.memberId)
  if (speaker !== null) members.set(speaker.after.memberId, speaker.after)
  const targets =
    configured.fault === null
      ? assignSticky({
          members: [...members.values()].map(({ memberId, processId, assigned }) => {
            return { memberId, processId, assigned, offsets: group.taskOffsets.get(memberId) }
          }),
          subtopologies: configured.subtopologies,
          standbyReplicas: standbyReplicas(assignmentConfigs(machine.config, groupId)),
        })
      : new Map<string, TaskSets>()
  for (const memberId of members.keys()) {
    // A static member that comes back has had its former target written under its new id by now.
    const wasId = replaces !== null && memberId === speaker?.after.memberId ? replaces.memberId : memberId
    const old = group.targetAssignment.get(wasId)
    const target = targets.get(memberId) ?? NO_TASKS
    if (old === undefined || !isSame(target, old)) records.push(targetRecord(groupId, memberId, target))
  }
  records.push(targetEpochRecord(groupId, groupEpoch, machine.now()))
  return targets
}

/** The speaker's next step; null: it must be fenced. */
export function approach(
  machine: GroupMachine,
  { group, after }: Speaker,
  { epoch, target }: Target,
  owned: TaskSets | null,
  draft: StreamsDraft,
): StreamsMember | null {
  if (isReconciledTo(after, epoch)) return after
  const { groupId, owners } = group
  const next = reconcile({ member: after, targetEpoch: epoch, target, owners, owned })
  if (next === null || equalProgress(next, after)) return next
  draft.records.push(currentAssignmentRecord(groupId, next))
  draft.whenApplied.push(() => {
    if (next.state === MEMBER_STATE.unrevokedTasks) awaitRevocation(machine, groupId, next)
    else endRevocation(machine, groupId, next.memberId)
  })
  return next
}
