// Groups of every kind, how far each is behind, and transactions. Named as kafka-exporter names them, so that its
// dashboards and alerts go on.

import type { Group } from '../coordinator/group/model/group.ts'
import { type Family, family, type Labels, type Sample } from './exposition.ts'
import type { MetricSources } from './sources.ts'

interface Position {
  readonly labels: Labels
  readonly offset: number
  /** What comes next in the partition, as its consumers see it. */
  readonly endOffset: number
  /** Above the offset, and done all the same: share groups acknowledge in any order. */
  readonly doneCount: number
}

export function groupFamilies(sources: MetricSources): Family[] {
  const positions = () => [...committed(sources), ...shared(sources)]
  return [
    family('kafka_consumergroup_current_offset', 'gauge', 'The committed offset.', function* () {
      for (const { labels, offset } of positions()) yield { labels, value: offset }
    }),
    family('kafka_consumergroup_lag', 'gauge', 'Records from there to the end.', function* () {
      for (const { labels, offset, endOffset, doneCount } of positions()) {
        yield { labels, value: Math.max(0, endOffset - offset - doneCount) }
      }
    }),
    family('kafka_consumergroup_members', 'gauge', 'Members of a group.', function* () {
      for (const group of groups(sources)) {
        const labels = { consumergroup: group.groupId, type: group.type, state: group.stateName }
        yield { labels, value: group.members.size }
      }
    }),
    family('kafka_server_group_coordinator_metrics_group_count', 'gauge', 'Groups, by protocol.', function* () {
      yield* counted(groups(sources), ({ type }) => ({ protocol: type }))
    }),
    family('milena_transactions', 'gauge', 'Transactional ids, by the state of their transaction.', function* () {
      const transactions: { readonly state: string }[] = []
      sources.transactions.forEachMachine((machine) => transactions.push(...machine.transactions.values()))
      yield* counted(transactions, ({ state }) => ({ state }))
    }),
  ]
}

function groups({ groups }: MetricSources): Group[] {
  const all: Group[] = []
  groups.forEachMachine((machine) => all.push(...machine.groups.values()))
  return all
}

function* counted<T>(things: readonly T[], labelsOf: (thing: T) => Labels): Generator<Sample> {
  const counts = new Map<string, { labels: Labels; value: number }>()
  for (const thing of things) {
    const labels = labelsOf(thing)
    const key = JSON.stringify(labels)
    const count = counts.get(key)
    if (count === undefined) counts.set(key, { labels, value: 1 })
    else count.value++
  }
  yield* counts.values()
}

function committed({ groups, replicas }: MetricSources): Position[] {
  const positions: Position[] = []
  groups.forEachMachine((machine) => {
    for (const { groupId, type } of machine.groups.values()) {
      for (const [topic, partitions] of machine.offsets.of(groupId)) {
        for (const [index, { offset }] of partitions) {
          const endOffset = replicas.partition(topic, index)?.highWatermark
          if (endOffset === undefined) continue
          const labels = { consumergroup: groupId, type, topic, partition: index }
          positions.push({ labels, offset: Number(offset), endOffset, doneCount: 0 })
        }
      }
    }
  })
  return positions
}

/** What a share group has yet to deliver or be told the end of. */
function shared({ shareState, replicas }: MetricSources): Position[] {
  const positions: Position[] = []
  shareState.forEachMachine((machine) => {
    for (const { key, state } of machine.states.values()) {
      const found = replicas.partitionById(key.topicId, key.partition)
      if (found === undefined || state.startOffset < 0) continue
      positions.push({
        labels: { consumergroup: key.groupId, type: 'share', topic: found.topic, partition: key.partition },
        offset: state.startOffset,
        endOffset: found.highWatermark,
        doneCount: Math.max(0, state.deliveryCompleteCount),
      })
    }
  })
  return positions
}
