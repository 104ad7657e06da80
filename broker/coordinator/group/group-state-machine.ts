// The state machine of one shard of `__consumer_offsets`: its groups and their offsets, and how records change them.
// What the kinds do each in their way when the log is loaded, and when a group is deleted, is told apart here; what
// requests do lies in the folders of the kinds, as functions that take the machine.

import type { Host } from '../../../host/host.ts'
import type { ShardTimers } from '../runtime/shard.ts'
import { NOTHING, type StateMachine } from '../runtime/state-machine.ts'
import { ClassicGroup, classicGroup } from './classic/classic-group.ts'
import { forgetClassicTimers, onClassicCommit, resumeClassicGroup } from './classic/rebalance.ts'
import { ConsumerGroup } from './consumer/consumer-group.ts'
import { replayConsumer } from './consumer/replay.ts'
import { resumeConsumers } from './consumer/timers.ts'
import { deleteOffsetsOfLostTopics } from './deletion.ts'
import type { Group } from './model/group.ts'
import type { GroupConfig } from './model/group-config.ts'
import type { GroupMachine, GroupOutcome } from './model/group-machine.ts'
import type { GroupMetadataRecord, GroupRecord, OffsetRecord } from './model/group-records.ts'
import { forgetMembers } from './model/member-timers.ts'
import { OffsetStore } from './model/offset-store.ts'
import type { TopicLookup } from './model/topic-lookup.ts'
import { ModernGroup } from './modern/modern-group.ts'
import { scheduleExpiry } from './offsets/expiry.ts'
import { replayShare } from './share/replay.ts'
import { ShareGroup } from './share/share-group.ts'
import { resumeShareGroup } from './share/timers.ts'
import { forgetFirstTarget } from './streams/first-target.ts'
import { replayStreams } from './streams/replay.ts'
import { StreamsGroup } from './streams/streams-group.ts'
import { resumeStreams } from './streams/timers.ts'

export class GroupStateMachine implements GroupMachine, StateMachine<GroupRecord> {
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
    return [deleteOffsetsOfLostTopics(this), ...[...this.groups.values()].map((group) => this.#resume(group))]
  }

  #resume(group: Group): GroupOutcome {
    if (group instanceof ClassicGroup) return resumeClassicGroup(this, group)
    if (group instanceof ConsumerGroup) resumeConsumers(this, group)
    else if (group instanceof ShareGroup) resumeShareGroup(this, group)
    else if (group instanceof StreamsGroup) resumeStreams(this, group)
    return NOTHING
  }

  /** Of the modern kinds heartbeats alone prove that a member is alive. */
  onCommit(group: Group, memberId: string): void {
    if (group instanceof ClassicGroup) onClassicCommit(this, group, memberId)
  }

  forgetTimers(group: Group): void {
    if (group instanceof ClassicGroup) forgetClassicTimers(this, group)
    if (group instanceof ModernGroup) forgetMembers(this, group.groupId, group.members.keys())
    if (group instanceof StreamsGroup) forgetFirstTarget(this, group.groupId)
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
    let group = classicGroup(this, groupId)
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
