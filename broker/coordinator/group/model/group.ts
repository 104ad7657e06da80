// What every kind of group answers for, whatever its members speak: questions, without effect. How a kind plugs in:
//
//   KIND/KIND-group.ts       a class that implements Group: what a group of the kind is
//   KIND/KIND-records.ts     its records, and KIND/replay.ts: the only place where its state changes
//   KIND/*.ts                what its requests do, as functions (machine, request, reply) → GroupOutcome
//   KIND/requests.ts         the same as the handlers see it, by way of GroupShards
//   modern/*.ts              what kinds whose members have epochs have in common
//   group-records.ts         a type of its records beside ConsumerRecord, and the kind in kindOf
//   group-state-machine.ts   a case in replay(), and what a load and a deletion mean to its timers
//
// Source: Group of Apache Kafka.

import type { CommitPartitionCheck, CommitRequest } from './commit-request.ts'
import type { GroupRecord } from './group-records.ts'
import type { CommittedOffset } from './offset-store.ts'
import type { Refusal } from './refusal.ts'

export type GroupType = 'classic' | 'consumer' | 'share' | 'streams'

export interface Group {
  readonly groupId: string
  readonly type: GroupType
  /** As ListGroups tells them. */
  readonly stateName: string
  readonly listedProtocolType: string

  readonly members: { readonly size: number }

  /** Nobody is in it, nor about to be. */
  readonly isEmpty: boolean

  /** Nothing but offsets, of a consumer that assigns itself: it gives way to a group of any kind. */
  readonly isSimple: boolean

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

  /** Since when the retention of an offset runs, ms; null: it does not. */
  retainedSince(topic: string, offset: CommittedOffset): number | null

  /** What keeps DeleteGroups from deleting it. */
  deleteError(): Refusal | null

  /** What keeps OffsetDelete from deleting any of its offsets. */
  deleteOffsetsError(): number

  /** What makes it disappear, but for its offsets. */
  tombstones(): GroupRecord[]
}
