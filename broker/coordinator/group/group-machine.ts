// The state machine of one shard of `__consumer_offsets`: its groups and their offsets, and how records change them.
// What requests do lies in the files of the requests (join.ts, sync.ts, …) as functions that take the machine.

import type { Host } from '../../../host/host.ts'
import type { ShardTimers } from '../runtime/shard.ts'
import type { Outcome, StateMachine } from '../runtime/state-machine.ts'
import { ClassicGroup } from './classic/classic-group.ts'
import { ConsumerGroup } from './consumer/consumer-group.ts'
import { replayConsumer } from './consumer/replay.ts'
import { deleteOffsetsOfLostTopics } from './deletion.ts'
import { scheduleExpiry } from './expiry.ts'
import type { Group } from './group.ts'
import type { GroupConfig } from './group-config.ts'
import type { GroupMetadataRecord, GroupRecord, OffsetRecord } from './group-records.ts'
import { OffsetStore } from './offset-store.ts'
import { replayShare } from './share/share-replay.ts'
import { replayStreams } from './streams/streams-replay.ts'
import type { TopicLookup } from './topic-lookup.ts'

export type GroupOutcome = Outcome<GroupRecord>

export class GroupMachine implements StateMachine<GroupRecord> {
  readonly host: Host
  readonly config: GroupConfig
  readonly topics: TopicLookup
  readonly timers: ShardTimers<GroupRecord>
  readonly groups = new Map<string, Group>()
  readonly offsets = new OffsetStore()

  constructor(host: Host, config: GroupConfig, topics: TopicLookup, timers: ShardTimers<GroupRecord>) {
    this.host = host
    this.config = config
    this.topics = topics
    this.timers = timers
  }

  now(): number {
    return this.host.clock.now()
  }

  /** The group, if there is one and it is a classic one. */
  classic(groupId: string): ClassicGroup | undefined {
    const group = this.groups.get(groupId)
    return group instanceof ClassicGroup ? group : undefined
  }

  /** The group, if there is one and it is a consumer group. */
  consumer(groupId: string): ConsumerGroup | undefined {
    const group = this.groups.get(groupId)
    return group instanceof ConsumerGroup ? group : undefined
  }

  replay(record: GroupRecord, offset: number, producerId: bigint): void {
    switch (record.kind) {
      case 'offset':
        this.#replayOffset(record, offset, producerId)
        break
      case 'group':
        this.#replayClassic(record)
        break
      case 'consumer':
        replayConsumer(this, record)
        break
      case 'share':
        replayShare(this, record)
        break
      case 'streams':
        replayStreams(this, record)
    }
  }

  replayMarker(producerId: bigint, committed: boolean): void {
    this.offsets.endTransaction(producerId, committed)
  }

  onLoaded(): GroupOutcome[] {
    scheduleExpiry(this)
    return [deleteOffsetsOfLostTopics(this), ...[...this.groups.values()].map((group) => group.resume(this))]
  }

  #replayOffset({ groupId, topic, partition, value }: OffsetRecord, offset: number, producerId: bigint): void {
    if (value === null) {
      this.offsets.delete(groupId, topic, partition)
      return
    }
    // Offsets without a group: a consumer that assigns itself. Its group is there as long as its offsets are.
    if (!this.groups.has(groupId)) this.groups.set(groupId, new ClassicGroup(groupId, Number(value.commitTimestamp)))
    this.offsets.commit(groupId, topic, partition, { ...value, recordOffset: offset }, producerId)
  }

  #replayClassic({ groupId, value }: GroupMetadataRecord): void {
    let group = this.classic(groupId)
    if (value === null) {
      if (group !== undefined) this.groups.delete(groupId)
      return
    }
    if (group === undefined) {
      group = new ClassicGroup(groupId, Number(value.currentStateTimestamp))
      this.groups.set(groupId, group)
    }
    group.restore(value)
  }
}
