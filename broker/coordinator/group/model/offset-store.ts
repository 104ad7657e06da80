// The committed offsets of all groups of one shard, and those that open transactions have yet to commit: they count
// only when the marker of their producer says so, and then only if nothing later was committed in between. Changed by
// replay alone.

import type { OffsetCommitValue } from '../../../../protocol/messages/group-state/offsets.ts'

export interface CommittedOffset extends Readonly<OffsetCommitValue> {
  /** Where in the shard's log the commit stands. */
  readonly recordOffset: number
}

/** By topic, by partition. */
export type TopicOffsets = ReadonlyMap<string, ReadonlyMap<number, CommittedOffset>>

type Partitions = Map<number, CommittedOffset>
type Topics = Map<string, Partitions>

/** Offsets by group, topic and partition; empty levels are dropped. */
class OffsetTable {
  readonly groups = new Map<string, Topics>()

  get(groupId: string, topic: string, partition: number): CommittedOffset | undefined {
    return this.groups.get(groupId)?.get(topic)?.get(partition)
  }

  put(groupId: string, topic: string, partition: number, offset: CommittedOffset): void {
    let topics = this.groups.get(groupId)
    if (topics === undefined) {
      topics = new Map()
      this.groups.set(groupId, topics)
    }
    let partitions = topics.get(topic)
    if (partitions === undefined) {
      partitions = new Map()
      topics.set(topic, partitions)
    }
    partitions.set(partition, offset)
  }

  delete(groupId: string, topic: string, partition: number): void {
    const topics = this.groups.get(groupId)
    const partitions = topics?.get(topic)
    if (topics === undefined || partitions === undefined) return
    partitions.delete(partition)
    if (partitions.size === 0) topics.delete(topic)
    if (topics.size === 0) this.groups.delete(groupId)
  }
}

const NO_OFFSETS: TopicOffsets = new Map()

export class OffsetStore {
  readonly #committed = new OffsetTable()
  readonly #pending = new Map<bigint, OffsetTable>()
  /** Producers with an open transaction that has offsets of the group. */
  readonly #openTransactions = new Map<string, Set<bigint>>()

  of(groupId: string): TopicOffsets {
    return this.#committed.groups.get(groupId) ?? NO_OFFSETS
  }

  get(groupId: string, topic: string, partition: number): CommittedOffset | undefined {
    return this.#committed.get(groupId, topic, partition)
  }

  hasOpenTransaction(groupId: string): boolean {
    return this.#openTransactions.has(groupId)
  }

  /** Whether an open transaction may yet change the offset. */
  isUnstable(groupId: string, topic: string, partition: number): boolean {
    const producers = this.#openTransactions.get(groupId)
    if (producers === undefined) return false
    for (const producerId of producers) {
      if (this.#pending.get(producerId)?.get(groupId, topic, partition) !== undefined) return true
    }
    return false
  }

  /** Every partition of the group that has an offset, committed or pending; for deletion. */
  partitionsOf(groupId: string): { topic: string; partition: number }[] {
    const topics = new Map<string, Set<number>>()
    const note = (table: OffsetTable | undefined): void => {
      for (const [topic, partitions] of table?.groups.get(groupId) ?? []) {
        const known = topics.get(topic) ?? new Set()
        for (const partition of partitions.keys()) known.add(partition)
        topics.set(topic, known)
      }
    }
    note(this.#committed)
    for (const producerId of this.#openTransactions.get(groupId) ?? []) note(this.#pending.get(producerId))
    return [...topics].flatMap(([topic, partitions]) => [...partitions].map((partition) => ({ topic, partition })))
  }

  /** What there is of an offset, committed or pending. */
  all(groupId: string, topic: string, partition: number): CommittedOffset[] {
    const committed = this.#committed.get(groupId, topic, partition)
    const offsets = committed === undefined ? [] : [committed]
    for (const producerId of this.#openTransactions.get(groupId) ?? []) {
      const pending = this.#pending.get(producerId)?.get(groupId, topic, partition)
      if (pending !== undefined) offsets.push(pending)
    }
    return offsets
  }

  commit(groupId: string, topic: string, partition: number, offset: CommittedOffset, producerId: bigint): void {
    if (producerId < 0n) {
      this.#committed.put(groupId, topic, partition, offset)
      return
    }
    let table = this.#pending.get(producerId)
    if (table === undefined) {
      table = new OffsetTable()
      this.#pending.set(producerId, table)
    }
    table.put(groupId, topic, partition, offset)
    let producers = this.#openTransactions.get(groupId)
    if (producers === undefined) {
      producers = new Set()
      this.#openTransactions.set(groupId, producers)
    }
    producers.add(producerId)
  }

  delete(groupId: string, topic: string, partition: number): void {
    this.#committed.delete(groupId, topic, partition)
    for (const producerId of this.#openTransactions.get(groupId) ?? []) {
      const table = this.#pending.get(producerId)
      table?.delete(groupId, topic, partition)
      if (table?.groups.has(groupId) !== true) this.#leave(groupId, producerId)
    }
  }

  endTransaction(producerId: bigint, committed: boolean): void {
    const table = this.#pending.get(producerId)
    if (table === undefined) return
    this.#pending.delete(producerId)
    for (const groupId of table.groups.keys()) this.#leave(groupId, producerId)
    if (!committed) return
    for (const [groupId, topics] of table.groups) {
      for (const [topic, partitions] of topics) {
        for (const [partition, offset] of partitions) this.#settle(groupId, topic, partition, offset)
      }
    }
  }

  /** The transaction has nothing of the group any more. */
  #leave(groupId: string, producerId: bigint): void {
    const producers = this.#openTransactions.get(groupId)
    producers?.delete(producerId)
    if (producers?.size === 0) this.#openTransactions.delete(groupId)
  }

  #settle(groupId: string, topic: string, partition: number, offset: CommittedOffset): void {
    const current = this.#committed.get(groupId, topic, partition)
    // Compaction may have kept only one of the two: their order in the log decides, not that of the marker.
    if (current !== undefined && current.recordOffset > offset.recordOffset) return
    this.#committed.put(groupId, topic, partition, offset)
  }
}
