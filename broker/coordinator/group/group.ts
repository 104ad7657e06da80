// What every kind of group answers for, whatever its members speak. How a kind plugs in:
//
//   KIND/KIND-group.ts     a class that implements Group: what a group of the kind is
//   KIND/KIND-records.ts   its records, and `replayKIND(machine, record)`: the only place where its state changes
//   modern/*.ts            what members with epochs have in common: assignments, targets, the hash of the topics
//   KIND/*.ts              what its requests do, as functions (machine, request, reply) → GroupOutcome
//   group-records.ts       a type of its records beside ConsumerRecord, and the kind in kindOf
//   group-machine.ts       one case in replay()
//   handlers/groups/*.ts   call `services.groups.run(groupId, event, onError)`
//
// Source: Group of Apache Kafka.

import type { GroupMachine, GroupOutcome } from './group-machine.ts'
import type { GroupRecord } from './group-records.ts'
import type { CommitPartitionCheck, CommitRequest } from './offset-commit.ts'
import type { CommittedOffset } from './offset-store.ts'

export type GroupType = 'classic' | 'consumer' | 'share' | 'streams'

export interface Refusal {
  readonly errorCode: number
  readonly errorMessage: string | null
}

export interface Group {
  readonly groupId: string
  readonly type: GroupType
  /** As ListGroups tells them. */
  readonly stateName: string
  readonly listedProtocolType: string

  readonly members: { readonly size: number }

  /** Nobody is in it, nor about to be. */
  readonly isEmpty: boolean

  /** It goes by itself when it is empty and its offsets are gone. */
  readonly shouldExpire: boolean

  isSubscribedTo(topic: string): boolean

  /** A topic that it is subscribed to has changed. */
  requestMetadataRefresh(): void

  /** What keeps a commit from being taken; NONE: nothing. */
  commitError(commit: CommitRequest, isTransactional: boolean): number

  /** What is asked of every partition besides; null: nothing. */
  commitCheck(commit: CommitRequest): CommitPartitionCheck | null

  /** The same of a fetch of offsets by a member (v9+); without a member id it is nobody's. */
  fetchError(memberId: string | null, memberEpoch: number): number

  /** A member has committed: it is alive. */
  onCommit(machine: GroupMachine, memberId: string): void

  /** Since when the retention of an offset runs, ms; null: it does not. */
  retainedSince(topic: string, offset: CommittedOffset): number | null

  /** What keeps DeleteGroups from deleting it. */
  deleteError(): Refusal | null

  /** What keeps OffsetDelete from deleting any of its offsets. */
  deleteOffsetsError(): number

  /** What makes it disappear, but for its offsets. */
  tombstones(): GroupRecord[]

  /** The log is loaded: arms timers. */
  resume(machine: GroupMachine): GroupOutcome

  /** It is deleted: nothing of it may wake up again. */
  forgetTimers(machine: GroupMachine): void
}
