// The state machine of one shard of `__consumer_offsets`: its groups and their offsets, and how records change them.
// What requests do lies in the files of the requests (join.ts, sync.ts, …) as functions that take the machine.

import type { Host } from '../../../host/host.ts'
import type { ShardTimers } from '../runtime/shard.ts'
import type { Outcome, StateMachine } from '../runtime/state-machine.ts'
import { ClassicGroup } from './classic/classic-group.ts'
import { resumeGroup } from './classic/rebalance.ts'
import { scheduleExpiry } from './expiry.ts'
import { ForeignGroup } from './foreign-group.ts'
import type { GroupConfig } from './group-config.ts'
import type { ForeignRecord, GroupRecord } from './group-records.ts'
import { OffsetStore } from './offset-store.ts'

export type GroupOutcome = Outcome<GroupRecord>

/** What a group's requests need to know of topics. */
export interface TopicLookup {
  /** undefined: no such topic. */
  idOf(name: string): string | undefined
  nameOf(topicId: string): string | undefined
  /** 0: no such topic. */
  partitionCount(name: string): number
}

export class GroupMachine implements StateMachine<GroupRecord> {
  readonly host: Host
  readonly config: GroupConfig
  readonly timers: ShardTimers<GroupRecord>
  readonly groups = new Map<string, ClassicGroup | ForeignGroup>()
  readonly offsets = new OffsetStore()

  constructor(host: Host, config: GroupConfig, timers: ShardTimers<GroupRecord>) {
    this.host = host
    this.config = config
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

  replay(record: GroupRecord, offset: number, producerId: bigint): void {
    if (record.kind === 'offset') {
      const { groupId, topic, partition, value } = record
      if (value === null) {
        this.offsets.delete(groupId, topic, partition)
        return
      }
      // Offsets without a group: a consumer that assigns itself. Its group is there as long as its offsets are.
      if (!this.groups.has(groupId)) this.groups.set(groupId, new ClassicGroup(groupId, Number(value.commitTimestamp)))
      this.offsets.commit(groupId, topic, partition, { ...value, recordOffset: offset }, producerId)
    } else if (record.kind === 'foreign') {
      this.#replayForeign(record)
    } else if (record.value === null) {
      if (this.groups.get(record.groupId) instanceof ClassicGroup) this.groups.delete(record.groupId)
    } else {
      let group = this.classic(record.groupId)
      if (group === undefined) {
        group = new ClassicGroup(record.groupId, Number(record.value.currentStateTimestamp))
        this.groups.set(record.groupId, group)
      }
      group.restore(record.value)
    }
  }

  replayMarker(producerId: bigint, committed: boolean): void {
    this.offsets.endTransaction(producerId, committed)
  }

  onLoaded(): GroupOutcome[] {
    scheduleExpiry(this)
    const outcomes: GroupOutcome[] = []
    for (const group of this.groups.values()) {
      if (group instanceof ClassicGroup) outcomes.push(resumeGroup(this, group))
    }
    return outcomes
  }

  #replayForeign(record: ForeignRecord): void {
    let group = this.groups.get(record.groupId)
    if (!(group instanceof ForeignGroup) || group.type !== record.groupType) {
      // A tombstone for something that has been replaced, or for nothing.
      if (record.value === null) return
      group = new ForeignGroup(record.groupId, record.groupType)
      this.groups.set(record.groupId, group)
    }
    group.replay(record)
    if (group.isGone) this.groups.delete(record.groupId)
  }
}
