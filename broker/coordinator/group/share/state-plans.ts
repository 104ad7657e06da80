// What becomes of a share group's offsets outside its members' heartbeats. The group says which partitions it has state
// of, the share coordinator has the state; each change is one event here before and one after it is made there, so that
// what a crash leaves half done is known, and done again when it is asked for again. Source: GroupMetadataManager,
// ShareGroupOffsets handling of GroupCoordinatorService.

import { ErrorCode } from '../../../../protocol/error-codes.ts'
import type { Reply } from '../../runtime/reply.ts'
import { NOTHING } from '../../runtime/state-machine.ts'
import type { GroupMachine, GroupOutcome } from '../model/group-machine.ts'
import type { GroupRecord } from '../model/group-records.ts'
import { groupNotFound, type Refusal } from '../model/refusal.ts'
import { newShareGroup, type ShareGroup, shareGroup } from './share-group.ts'
import { groupEpochRecord, stateRecord } from './share-records.ts'
import {
  type StatePartitions,
  type StateTopic,
  type StateTopics,
  withoutPartitions,
  withPartitions,
} from './state-topics.ts'

/** The share coordinator keeps state of them now: they may be assigned. */
export function stateInitialized(
  machine: GroupMachine,
  groupId: string,
  topics: readonly StatePartitions[],
  reply: Reply<number>,
): GroupOutcome {
  const group = shareGroup(machine, groupId)
  if (group === undefined) {
    reply.send(ErrorCode.GROUP_ID_NOT_FOUND)
    return NOTHING
  }
  const { state } = group
  const initializing = withoutPartitions(state.initializing, topics)
  return change(group, { ...state, initializing, initialized: withPartitions(state.initialized, topics) }, reply)
}

function change(group: ShareGroup, state: StateTopics, reply: Reply<number>): GroupOutcome {
  return {
    records: [stateRecord(group.groupId, state)],
    applied: () => reply.send(ErrorCode.NONE),
    refused: (errorCode) => reply.sendError(errorCode),
  }
}

/** Of what the group has state, by topic id: nothing, when there is no such group; or why nothing can be said. */
export type KnownState = { readonly topics: ReadonlyMap<string, StateTopic>; readonly refusal: Refusal | null }

export function knownState(machine: GroupMachine, groupId: string, reply: Reply<KnownState>): GroupOutcome {
  reply.send({ topics: shareGroup(machine, groupId)?.state.initialized ?? new Map(), refusal: null })
  return NOTHING
}

/** The epoch at which a group without members has its offsets set. It may be a group that was not there before. */
export interface Alteration {
  readonly refusal: Refusal | null
  readonly stateEpoch: number
}

export function beginAlteration(
  machine: GroupMachine,
  groupId: string,
  topics: readonly StatePartitions[],
  reply: Reply<Alteration>,
): GroupOutcome {
  const group = shareGroup(machine, groupId) ?? newShareGroup(machine, groupId)
  const fault = emptyFault(machine, groupId, group)
  if (group === undefined || fault !== null) {
    reply.send({ refusal: fault, stateEpoch: -1 })
    return NOTHING
  }
  const stateEpoch = group.groupEpoch + 1
  const { state } = group
  const initializing = withPartitions(state.initializing, topics)
  return {
    records: [
      groupEpochRecord(groupId, stateEpoch, group.metadataHash),
      stateRecord(groupId, { ...state, initializing }),
    ],
    applied: () => reply.send({ refusal: null, stateEpoch }),
    refused: (errorCode) => reply.sendError(errorCode),
  }
}

export interface Deletion {
  readonly refusal: Refusal | null
  /** Of these there is state, to be deleted. */
  readonly topics: ReadonlyMap<string, StateTopic>
}

/** Offsets of topics; `topicIds` null: of all, for the group is about to be deleted. */
export function beginDeletion(
  machine: GroupMachine,
  groupId: string,
  topicIds: readonly string[] | null,
  reply: Reply<Deletion>,
): GroupOutcome {
  const group = shareGroup(machine, groupId)
  const fault = emptyFault(machine, groupId, group)
  if (group === undefined || fault !== null) {
    reply.send({ refusal: fault, topics: new Map() })
    return NOTHING
  }
  const { state } = group
  const wanted = new Set(topicIds ?? [...state.initialized.keys(), ...state.initializing.keys()])
  const topics = new Map<string, StateTopic>()
  for (const topicId of wanted) {
    const [initialized, initializing] = [state.initialized.get(topicId), state.initializing.get(topicId)]
    const known = initialized ?? initializing
    if (known === undefined) continue
    const partitions = new Set([...(initialized?.partitions ?? []), ...(initializing?.partitions ?? [])])
    topics.set(topicId, { name: known.name, partitions })
  }
  if (topics.size === 0) {
    reply.send({ refusal: null, topics })
    return NOTHING
  }
  const deleting = new Map(state.deleting)
  for (const [topicId, { name }] of topics) deleting.set(topicId, name)
  const kept = (of: StateTopics['initialized']) => new Map([...of].filter(([topicId]) => !topics.has(topicId)))
  const next = { initializing: kept(state.initializing), initialized: kept(state.initialized), deleting }
  return {
    records: [stateRecord(groupId, next)],
    applied: () => reply.send({ refusal: null, topics }),
    refused: (errorCode) => reply.sendError(errorCode),
  }
}

export function endDeletion(
  machine: GroupMachine,
  groupId: string,
  topicIds: readonly string[],
  reply: Reply<number>,
): GroupOutcome {
  const group = shareGroup(machine, groupId)
  if (group === undefined) {
    reply.send(ErrorCode.GROUP_ID_NOT_FOUND)
    return NOTHING
  }
  const deleting = new Map([...group.state.deleting].filter(([topicId]) => !topicIds.includes(topicId)))
  return change(group, { ...group.state, deleting }, reply)
}

function emptyFault(machine: GroupMachine, groupId: string, group: ShareGroup | undefined): Refusal | null {
  if (group === undefined) return groupNotFound(machine, groupId, 'share')
  const fault = group.deleteError()
  return fault && { ...fault, errorMessage: 'The group is not empty.' }
}

/** Topics are deleted; the share coordinator forgets their state of itself. */
export function forgetTopics(group: ShareGroup, names: ReadonlySet<string>): GroupRecord[] {
  const { initializing, initialized, deleting } = group.state
  const isKept = ([, topic]: [string, StateTopic]) => !names.has(topic.name)
  const next = {
    initializing: new Map([...initializing].filter(isKept)),
    initialized: new Map([...initialized].filter(isKept)),
    deleting: new Map([...deleting].filter(([, name]) => !names.has(name))),
  }
  const size = (of: StateTopics) => of.initializing.size + of.initialized.size + of.deleting.size
  return size(next) === size(group.state) ? [] : [stateRecord(group.groupId, next)]
}
