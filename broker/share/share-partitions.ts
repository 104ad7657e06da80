// The share partitions of this broker: made when a member first fetches from them, gone with the leadership, the topic,
// or the last session of the group. Source: SharePartitionManager, SharePartitionCache.

import { ErrorCode } from '../../protocol/error-codes.ts'
import type { Partition } from '../replication/partition.ts'
import type { ShareGroupSettings } from './share-group-settings.ts'
import { SharePartition, type SharePartitionOptions } from './share-partition.ts'
import { type ShareSession, ShareSessions } from './share-sessions.ts'

export interface SharePartitionsOptions extends Pick<SharePartitionOptions, 'host' | 'persister' | 'deadLetters'> {
  readonly settingsOf: (groupId: string) => ShareGroupSettings
  readonly maxSessions: () => number
  readonly onLeaderChange: (
    listener: (topic: string, index: number, isLeader: boolean, leaderEpoch: number) => void,
  ) => void
}

export class SharePartitions {
  readonly sessions: ShareSessions
  readonly #options: SharePartitionsOptions
  /** By group, then by `topicId:index`. */
  readonly #byGroup = new Map<string, Map<string, SharePartition>>()

  constructor(options: SharePartitionsOptions) {
    this.#options = options
    this.sessions = new ShareSessions(options.maxSessions, {
      onMemberGone: (session) => this.#release(session),
      onGroupGone: (groupId) => this.#forget(groupId),
    })
    options.onLeaderChange((topic, index, isLeader) => this.#onLeaderChange(topic, index, isLeader))
  }

  settingsOf(groupId: string): ShareGroupSettings {
    return this.#options.settingsOf(groupId)
  }

  /** What the group has of the partition, if it has been fetched from. */
  find(groupId: string, topicId: string, index: number): SharePartition | undefined {
    return this.#byGroup.get(groupId)?.get(`${topicId}:${index}`)
  }

  get(groupId: string, partition: Partition): SharePartition {
    let ofGroup = this.#byGroup.get(groupId)
    if (ofGroup === undefined) {
      ofGroup = new Map()
      this.#byGroup.set(groupId, ofGroup)
    }
    const name = `${partition.topicId}:${partition.index}`
    let found = ofGroup.get(name)
    if (found === undefined) {
      const { host, persister, deadLetters, settingsOf } = this.#options
      found = new SharePartition({
        host,
        key: { groupId, topicId: partition.topicId, partition: partition.index },
        partition,
        persister,
        deadLetters,
        settings: () => settingsOf(groupId),
        onFenced: (fenced) => this.#drop(fenced),
      })
      ofGroup.set(name, found)
    }
    found.stay()
    return found
  }

  onConnectionLost(connectionId: number): void {
    this.sessions.onConnectionLost(connectionId)
  }

  /** Nothing is released: the broker stops, and locks do not outlive it. */
  close(): void {
    for (const groupId of [...this.#byGroup.keys()]) this.#forget(groupId)
  }

  #release(session: ShareSession): void {
    for (const { topicId, index } of session.partitions()) {
      this.find(session.groupId, topicId, index)?.release(session.memberId, () => {})
    }
  }

  /** What it has is kept elsewhere, but for locks, and nobody is left to hold any. */
  #forget(groupId: string): void {
    for (const partition of [...(this.#byGroup.get(groupId)?.values() ?? [])]) {
      partition.retire()
    }
  }

  #drop(fenced: SharePartition): void {
    const { groupId, topicId, partition } = fenced.key
    const ofGroup = this.#byGroup.get(groupId)
    const name = `${topicId}:${partition}`
    if (ofGroup?.get(name) === fenced) ofGroup.delete(name)
    if (ofGroup?.size === 0) this.#byGroup.delete(groupId)
  }

  #onLeaderChange(topic: string, index: number, isLeader: boolean): void {
    for (const ofGroup of [...this.#byGroup.values()]) {
      for (const one of [...ofGroup.values()]) {
        const { partition } = one
        if (partition.topic !== topic || partition.index !== index) continue
        if (isLeader && !partition.isClosed && partition.leaderEpoch === one.leaderEpoch) continue
        one.fence(partition.isClosed ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : ErrorCode.NOT_LEADER_OR_FOLLOWER)
      }
    }
  }
}
